import type { settingsWith } from '../../src/config/load.ts'
import type { Config } from '../../src/config/secrets.ts'

/** How a parent tells its child what to do. */
export const crashEnvironment = {
  folder: 'HEADWATER_CRASH_FOLDER',
  point: 'HEADWATER_CRASH_POINT',
  pass: 'HEADWATER_CRASH_PASS',
} as const

export const apiKey = 'the-key-of-the-crash-tests'

/** What every life of a server starts with, and what its folder is looked at with afterwards. */
export function crashConfig(settings: typeof settingsWith, folder: string): Config {
  return {
    ...settings({ 'data.dir': folder, 'http.port': 0, 'http.rateLimits': 'off', 'log.partitions': 2 }),
    access: { apiKeys: [apiKey], tokenSecrets: ['a secret that all lives of one server share'] },
    isDevelopment: false,
  }
}

/** Where the writing thread can be made to die: around the commit of a transaction that holds rows of a table. */
export const writerTables = ['log', 'groups', 'marks', 'object_groups', 'object_tombstones', 'log_partitions'] as const
/** Tried with `npm run test:long` as well. */
export const moreWriterTables = ['heads', 'traces', 'erasures', 'actor_groups_new'] as const
export const writerPoint = (when: 'before' | 'after', table: string): string => `commit.${when}.${table}`

/** The same for a child that restores a backup. */
export const restoreEnvironment = {
  backup: 'HEADWATER_RESTORE_BACKUP',
  folder: 'HEADWATER_RESTORE_FOLDER',
  step: 'HEADWATER_RESTORE_STEP',
} as const
