import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { humanNumber } from './human-number.ts'
import { runCommandLine } from './run.ts'

const cwd = mkdtempSync(join(tmpdir(), 'headwater-plan-'))
after(() => rmSync(cwd, { recursive: true, force: true }))

const load = ['--dau', '200M', '--events-per-s', '500000', '--sockets', '10M']

async function plan(...args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const io = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    environment: {},
    cwd,
    isTerminal: false,
  }
  const code = await runCommandLine(['plan', ...args], io)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

test('numbers as people write them', () => {
  const right: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['200M', 200_000_000],
    ['500k', 500_000],
    ['500 K', 500_000],
    ['1.1M', 1_100_000],
    ['2b', 2_000_000_000],
    ['12,000', 12_000],
    ['12_000.5', 12_000.5],
  ]
  for (const [text, value] of right) assert.equal(humanNumber(text), value, text)
  for (const text of ['', 'M', '-1', '1e6', '1,2', '0x10', '5 apples', 'Infinity', '1..2', '1MM']) {
    assert.equal(humanNumber(text), undefined, text)
  }
})

test('a plan for people has every part, its assumptions, and what is not measured', async () => {
  const { code, out } = await plan(...load)
  assert.equal(code, 0)
  for (const part of ['api', 'gateway', 'worker', 'kafka', 'cassandra', 'redis', 'postgres', 'together']) {
    assert.match(out, new RegExp(`^${part} +\\d`, 'm'))
  }
  assert.match(out, /^Assumed:$/m)
  assert.match(out, /^! \d+ of \d+ unit costs are estimated/m)
  assert.ok(Math.max(...out.split('\n').map((line) => line.length)) < 200)
})

test('where one embedded process is enough, that comes first', async () => {
  const small = await plan('--dau', '10k', '--events-per-s', '20', '--sockets', '1k')
  assert.match(
    small.out,
    /^One embedded process does this \(npm start.*\n +(Less than )?\d+ % of a core .*\d GiB of memory, \d+ GB/m,
  )
  assert.ok(small.out.indexOf('One embedded') < small.out.indexOf('cassandra'))
  assert.doesNotMatch((await plan(...load)).out, /embedded process/)
})

test('nothing is written as nothing', async () => {
  const { code, out } = await plan('--dau', '0', '--events-per-s', '0', '--sockets', '0')
  assert.equal(code, 0)
  assert.match(out, /^0 users a day, 0 events\/s, 0 sockets:$/m)
  assert.doesNotMatch(out, /(^|\W)-0|NaN|Infinity/m)
})

test('numbers in any writing give the same plan', async () => {
  const long = await plan('--dau', '200,000,000', '--events-per-s=500k', '--sockets', '0.01G')
  assert.equal(long.out, (await plan(...load)).out)
})

test('as JSON it holds inputs, load, parts, and where each unit cost comes from', async () => {
  const { out } = await plan(...load, '--json', '--viral-percent', '50', '--fence', 'stamp')
  const { inputs, parts, unitCosts } = JSON.parse(out)
  assert.equal(inputs.viralShare, 0.5)
  assert.equal(inputs.fence, 'stamp')
  assert.equal(parts.length, 7)
  assert.ok(Object.values(unitCosts).every((cost) => (cost as { source: string }).source !== ''))
})

test('unit costs of a file are used', async () => {
  writeFileSync(
    join(cwd, 'costs.json'),
    JSON.stringify({ 'api.eventUs': { value: 2_500, basis: 'measured', source: 'a run' } }),
  )
  const { parts } = JSON.parse((await plan(...load, '--json', '--unit-costs', 'costs.json')).out)
  assert.ok(parts[0].nodes > 1_000)
})

describe('wrong input', () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /--dau is missing, as in --dau 200M/],
    [load.slice(0, 4), 2, /--sockets is missing/],
    [['--dau', 'many', ...load.slice(2)], 2, /--dau expects a number from 0 to .*, as in 500k, not "many"/],
    [['--dau', '-5', ...load.slice(2)], 2, /--dau/],
    [[...load, '--zones', '0'], 2, /--zones expects a number from 1 to 9, not "0"/],
    [[...load, '--zones', '2.5'], 2, /--zones expects a whole number/],
    [[...load, '--viral-percent', '101'], 2, /--viral-percent/],
    [[...load, '--fence', 'none'], 2, /--fence expects lwt or stamp, not "none"/],
    [[...load, '--socket', '3'], 2, /did you mean --sockets/],
    [[...load, 'extra'], 2, /unexpected "extra"/],
    [[...load, '--unit-costs', 'nowhere.json'], 1, /nowhere\.json: there is no such file$/],
    [[...load, '--unit-costs', '.'], 1, /plan: \.: the file cannot be read \(EISDIR\)$/],
  ]
  for (const [args, code, reason] of cases) {
    test(`headwater plan ${args.join(' ')} → ${code}`, async () => {
      const result = await plan(...args)
      assert.equal(result.code, code)
      assert.match(result.err, reason)
    })
  }
})
