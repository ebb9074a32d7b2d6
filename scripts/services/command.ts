// `npm run services -- up | down | status | run -- COMMAND`.
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pidOf, setExists } from './processes.ts'
import { runWith } from './run.ts'
import {
  type Addresses,
  defaultFile,
  readAddresses,
  readSet,
  type Service,
  ServicesError,
  services,
  writeJson,
} from './set.ts'
import { removeSet, type StartOptions, startServices } from './start.ts'

const usage = `npm run services -- up | down | status | run -- COMMAND …

  up        starts the services, writes their addresses into a file, and leaves them running
  down      stops them and removes their data
  status    says which of them run
  run       starts services of its own, runs COMMAND with HEADWATER_SERVICES=<file>, and leaves nothing behind

  --only redis,postgres,kafka,cassandra   some of them (default: all)
  --nodes 1|3                             Kafka brokers and Cassandra nodes (default: 1)
  --file PATH                             the addresses file (default: ${defaultFile})
  --dir FOLDER                            where the data folder is made (default: the system's temporary folder)
  --cassandra-heap SIZE                   of each Cassandra node (default: 256m)
`

const options = {
  only: { type: 'string', default: services.join(',') },
  nodes: { type: 'string', default: '1' },
  file: { type: 'string' },
  dir: { type: 'string' },
  'cassandra-heap': { type: 'string', default: '256m' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  // A wrong option is the caller's, too.
  const known = error instanceof ServicesError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')
  if (!known) throw error
  console.error(`services: ${(error as Error).message}`)
  process.exitCode = 1
}

async function main(args: readonly string[]): Promise<number> {
  // What follows the first `--` is the command's own. npm eats one `--`, so that `run -- CMD` arrives as written.
  const cut = args.indexOf('--')
  const own = cut === -1 ? [...args] : args.slice(0, cut)
  const command = cut === -1 ? [] : args.slice(cut + 1)
  const { values, positionals } = parseArgs({ args: own, options, allowPositionals: true })
  const [verb, ...rest] = positionals
  if (values.help || verb === undefined) {
    console.log(usage)
    return values.help ? 0 : 1
  }
  if (rest.length > 0) throw new ServicesError(`"${rest.join(' ')}" says nothing to me; a command comes after --.`)
  const file = resolve(values.file ?? defaultFile)
  const start: StartOptions = {
    only: onlyOf(values.only),
    nodes: nodesOf(values.nodes),
    cassandraHeap: values['cassandra-heap'],
    mayInstall: true,
    ...(values.dir === undefined ? {} : { parent: resolve(values.dir) }),
    log: (line) => console.error(`services: ${line}`),
  }
  if (verb === 'up') return up(file, start)
  if (verb === 'down') return down(file)
  if (verb === 'status') return status(file)
  if (verb !== 'run') throw new ServicesError(`no ${verb}; there are up, down, status and run.`)
  if (command.length === 0) throw new ServicesError('run needs a command: npm run services -- run -- COMMAND')
  return runWith(command, start, values.file === undefined ? undefined : file)
}

function onlyOf(text: string): Service[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (!services.some((known) => known === name))
      throw new ServicesError(`--only knows ${services.join(', ')}; not ${name}.`)
  }
  return services.filter((name) => names.includes(name))
}

function nodesOf(text: string): 1 | 3 {
  if (text !== '1' && text !== '3') throw new ServicesError(`--nodes is 1 or 3, not ${text}.`)
  return text === '1' ? 1 : 3
}

async function up(file: string, options: StartOptions): Promise<number> {
  const running = lookUp(file)
  if (running !== undefined) {
    console.error(`services: they run already (${file}); "down" stops them.`)
    return status(file)
  }
  const { addresses, release } = await startServices(options)
  writeJson(file, addresses)
  release()
  console.error(`services: up; addresses in ${file}`)
  return 0
}

async function down(file: string): Promise<number> {
  const running = lookUp(file)
  if (running !== undefined) await removeSet(readSet(running.dir))
  rmSync(file, { force: true })
  console.error(running === undefined ? 'services: none were up' : `services: down; logs kept in ${running.logs}`)
  return 0
}

function status(file: string): number {
  const addresses = lookUp(file)
  if (addresses === undefined) {
    console.error(`services: none are up (${file})`)
    return 1
  }
  const set = readSet(addresses.dir)
  const lines = set.processes.map(({ name }) => {
    const pid = pidOf(set, name)
    return { name, pid, text: `${name.padEnd(12)} ${pid === undefined ? 'ended' : `process ${pid}`}` }
  })
  console.log(lines.map(({ text }) => text).join('\n'))
  console.log(`addresses    ${file}\ndata         ${set.folders.join(', ')}\nlogs         ${set.logs}`)
  return lines.every(({ pid }) => pid !== undefined) ? 0 : 1
}

/** The set of an addresses file, if its folder is still there. */
function lookUp(file: string): Addresses | undefined {
  try {
    const addresses = readAddresses(file)
    return setExists(addresses.dir) ? addresses : undefined
  } catch {
    return undefined
  }
}
