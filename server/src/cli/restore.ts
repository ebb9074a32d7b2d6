import { resolve } from 'node:path'
import type { RestoreReport } from '../backup.ts'
import type { Command } from './command.ts'
import { settingsOf } from './configuration.ts'
import { refuseCluster } from './data-folder.ts'
import { createProgress } from './progress.ts'
import { bytesText, stepNote } from './steps.ts'
import { count } from './verify.ts'

export const restore: Command = {
  name: 'restore',
  summary: 'Puts a backup into an empty data directory.',
  arguments: 'BACKUP',
  description:
    'Into data.dir, which must be empty or missing; --data names another one. The backup is verified before anything is\nmade. Clients that saw more than the backup has are told to read their lists anew: its positions begin a new epoch.\nThe event log gets as many partitions as log.partitions says; without it, as many as it had.',
  options: {},
  async run(call) {
    const { settings } = settingsOf(call)
    refuseCluster(settings)
    const path = resolve(call.io.cwd, call.arguments[0] as string)
    const dir = resolve(call.io.cwd, settings.data.dir)
    const progress = createProgress(call.io)
    const { restore: restoreData } = await import('../backup.ts')
    const report = await restoreData({ ...settings, data: { dir } }, path, (done, total, what) =>
      progress.show(done, total, stepNote(what, done, total)),
    )
    progress.end()
    call.io.out(restoredText(report, dir))
    return 0
  },
}

export function restoredText(report: RestoreReport, dir: string): string {
  const { createdAt, databaseBytes, foldedEvents, unreadable, partitions } = report
  return [
    `Restored ${bytesText(databaseBytes)} into ${dir}: everything acknowledged before ${createdAt}.`,
    ...(foldedEvents > 0 ? [`${count(foldedEvents, 'event')} that waited in the log went into groups.`] : []),
    ...(unreadable > 0
      ? [`${count(unreadable, 'record')} could not be read and were set aside: headwater parked list shows them.`]
      : []),
    ...(partitions.now === partitions.before
      ? []
      : [`The event log now has ${count(partitions.now, 'partition')}; it had ${partitions.before}.`]),
    `Erasures of users and revocations of tokens after ${createdAt} are not in it: repeat them.`,
  ].join('\n')
}
