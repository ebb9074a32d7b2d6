import { constants, setPriority } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from './command.ts'
import { settingsOf } from './configuration.ts'
import { dataFolderOf, refuseCluster } from './data-folder.ts'
import { createProgress } from './progress.ts'
import { bytesText, stepNote } from './steps.ts'

export const backup: Command = {
  name: 'backup',
  summary: 'Copies the data of an embedded server, running or stopped, into one file.',
  arguments: 'FILE|FOLDER',
  description:
    'The file holds everything that was acknowledged before the command began; the server goes on meanwhile. In a folder\nit is named after the time. It appears when it is whole, checked and synced, and replaces nothing. Standard output\nhas its path alone. Keys and secrets are not in it.',
  options: { json: { doc: 'Print what the backup is, as JSON, instead of its path.' } },
  async run(call) {
    const { settings } = settingsOf(call)
    refuseCluster(settings)
    const target = resolve(call.io.cwd, call.arguments[0] as string)
    const dir = await dataFolderOf(call, settings)
    giveWay()
    const progress = createProgress(call.io)
    const { backUp } = await import('../backup.ts')
    const report = await backUp(
      { ...settings, data: { dir } },
      target,
      (done, total, what) => progress.show(done, total, stepNote(what, done, total)),
      stopSignal(),
    )
    progress.end()
    const { path, bytes, checksum, info } = report
    call.io.out(call.options.json ? JSON.stringify({ path, bytes, sha256: checksum, ...info }, null, 2) : path)
    if (!call.options.json) call.io.err(`${bytesText(bytes)}, everything acknowledged before ${info.created_at}`)
    return 0
  },
}

/** A server on the same machine comes first. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW)
  } catch {
    // Some systems allow it to nobody; the copy is then made at the usual priority.
  }
}

/** A backup that is called off leaves nothing behind. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}
