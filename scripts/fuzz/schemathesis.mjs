import { run } from '../steps/run.mjs'

const command = process.env.HEADWATER_SCHEMATHESIS ?? 'schemathesis'
const patienceMs = 180_000

/** Runs Schemathesis. `counted` says how many requests it made; undefined when it never came to that. */
export async function schemathesis(config, args, folder) {
  const options = [
    '--generation-database',
    'none',
    '--continue-on-failure',
    '--no-color',
    '--request-timeout',
    '10',
    '--generation-allow-x00',
    'false',
  ]
  const env = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  const { code, output } = await run(command, ['--config-file', config, 'run', ...args, ...options], {
    env,
    cwd: folder,
    timeout: patienceMs,
  })
  return { code, output, counted: /^\s*(\d+ generated.*)$/m.exec(output)?.[1] }
}

/** What a right request may be answered with: done, or not there, not allowed, or a key that was used before. */
const right = ['2xx', '403', '404', '409', '422']
/** And what of an operation: only the server can make a cursor or a ticket, so those that are made up are refused; and no request here upgrades. */
const alsoRight = {
  'GET /v1/activities': ['400', '410'],
  'GET /v1/activities/{group_id}/actors': ['400'],
  'GET /v1/activities/stream': ['401'],
  'GET /ws/v1/activities': ['426'],
}

/** What a wrong request may be answered with. */
const wrong = ['400', '401', '403', '404', '405', '406', '409', '415', '422', '428', '429', '5xx']
/** A list of events is taken in as far as it is right, and names the others. */
const alsoWrong = { 'POST /v1/events': ['202'] }

/**
 * The configuration of a run: `known` has values that exist, by the name of the path's parameter. Without it the caller is
 * nobody, whose right requests are refused as well.
 */
export function settings(known) {
  if (known === undefined) return '[checks.positive_data_acceptance]\nenabled = false\n'
  const names = Object.keys(known)
  return [
    // A stream would never end.
    'max-stream-events = 1',
    '[checks.positive_data_acceptance]',
    `expected-statuses = ${JSON.stringify(right)}`,
    ...names.flatMap((name) => [`[dictionaries.${name}]`, `values = ${JSON.stringify(known[name])}`]),
    '[parameters]',
    ...names.map((name) => `"path.${name}" = { dictionary = "${name}", probability = 0.5 }`),
    ...checkOf('positive_data_acceptance', right, alsoRight),
    ...checkOf('negative_data_rejection', wrong, alsoWrong),
    '',
  ].join('\n')
}

const checkOf = (check, statuses, more) =>
  Object.entries(more).flatMap(([name, others]) => [
    '[[operations]]',
    `include-name = ${JSON.stringify(name)}`,
    `[operations.checks.${check}]`,
    `expected-statuses = ${JSON.stringify([...statuses, ...others])}`,
  ])
