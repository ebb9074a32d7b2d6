import type { Command } from './command.ts'

/** Every command, loaded only when it runs: starting the server should not wait for what prints tables. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).start,
  cluster: async () => (await import('./cluster.ts')).cluster,
  config: async () => (await import('./config.ts')).config,
  token: async () => (await import('./token.ts')).token,
  trace: async () => (await import('./trace.ts')).trace,
  simulate: async () => (await import('./simulate.ts')).simulate,
  verify: async () => (await import('./verify.ts')).verify,
  replay: async () => (await import('./replay.ts')).replay,
  parked: async () => (await import('./parked.ts')).parked,
  backup: async () => (await import('./backup.ts')).backup,
  restore: async () => (await import('./restore.ts')).restore,
  plan: async () => (await import('./plan.ts')).plan,
}

export const allCommands = (): Promise<readonly Command[]> => Promise.all(Object.values(commands).map((load) => load()))
