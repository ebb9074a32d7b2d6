import { isLoopback } from '../config/checks.ts'
import { rolesOf } from '../config/roles.ts'
import type { Config } from '../config/secrets.ts'
import type { Log } from '../lib/log.ts'
import type { RunningServer } from '../server.ts'
import type { Command } from './command.ts'
import { configurationOf } from './configuration.ts'
import { removeServerFile, writeServerFile } from './server-file.ts'
import { nextSignal } from './signals.ts'

export const start: Command = {
  name: 'start',
  summary: 'Starts the server; SIGTERM or Ctrl-C drains and stops it, a second one stops it at once.',
  arguments: '',
  description: 'Prints "listening on URL" on standard output when it is ready, and its log on standard error.',
  options: {},
  async run(call) {
    const { config, log } = configurationOf(call)
    dieOnFaults(log)
    const signal = nextSignal()
    const stop = new AbortController()
    void signal.then(() => stop.abort())
    const { start: startServer } = await import('../server.ts')
    const server = await startServer(config, { log, signal: stop.signal }).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
    })
    if (!server) {
      log.info(`${await signal} received before it was ready`)
      return 0
    }
    if (rolesOf(config).has('api') && !writeServerFile(config.data.dir, server.url))
      log.warn('data.dir cannot be written: other commands find this server by --url or HEADWATER_URL')
    call.io.out(banner(config, server, whyNoDemo(config)))
    log.info(`${await signal} received, stopping`)
    await server.close()
    removeServerFile(config.data.dir)
    return 0
  },
}

/** After a fault that nothing handled the state of the process is not known: the log recovers it at the next start. */
function dieOnFaults(log: Log): void {
  const die = (what: string) => (error: unknown) => {
    log.fatal({ err: error instanceof Error ? error : new Error(String(error)) }, what)
    process.exit(1)
  }
  process.on('uncaughtException', die('uncaught exception'))
  process.on('unhandledRejection', die('unhandled rejection'))
}

/** Where a demo could be and is not, the reason: a key may be left in the environment from another time. */
export function whyNoDemo(config: Config): string {
  const couldBe = config.demo.enabled && isLoopback(config.http.host) && rolesOf(config).has('api')
  return couldBe && !config.isDevelopment
    ? 'none, since an API key is configured (HEADWATER_API_KEY or auth.apiKey)'
    : ''
}

/** What a person needs to go on. A key of one's own is not shown: it is known, and output is kept in logs. */
export function banner(config: Config, server: RunningServer, noDemo = ''): string {
  const logins = server.demoLogins.map(({ name, url }) => [name, url] as const)
  const rows: (readonly [string, string])[] = [
    ['API key', config.isDevelopment ? `${server.apiKey}  (development)` : 'as configured'],
    ...(config.engine === 'embedded'
      ? [['Data', config.data.dir] as const]
      : [['Roles', [...rolesOf(config)].join(', ')] as const, ['Cluster', config.cluster.namespace] as const]),
    ['API pages', `${server.url}/docs`],
    ...(noDemo === '' ? [] : [['Demo', noDemo] as const]),
  ]
  const width = Math.max(...[...rows, ...logins].map(([name]) => name.length))
  const table = (pairs: readonly (readonly [string, string])[]) =>
    pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
  return [
    '',
    `  Headwater is listening on ${server.url}`,
    '',
    ...table(rows),
    ...(logins.length > 0 ? ['', '  Log in to the demo as', ...table(logins)] : []),
    '',
  ].join('\n')
}
