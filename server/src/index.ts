/** What a program imports that runs the server inside its own process. Tests use `@headwater/server/testing`. */
export { ConfigError, type Problem } from './config/config-error.ts'
export { loadConfig, type Sources } from './config/load.ts'
export type { Settings } from './config/schema.ts'
export type { Config } from './config/secrets.ts'
export { HeadwaterError } from './lib/error.ts'
export { createLog, type Log, type LogOptions, silentLog } from './lib/log.ts'
export type { Clock, Random, Scheduler, Seams } from './lib/seams.ts'
export { type RunningServer, type StartOptions, start } from './server.ts'
