import type { Command } from './command.ts'
import { dataConfigurationOf } from './configuration.ts'
import { createProgress } from './progress.ts'
import { count } from './verify.ts'

export const replay: Command = {
  name: 'replay',
  summary: 'Folds the log into the views once more.',
  arguments: '',
  description:
    'Opens the data directory, so the server must be stopped. Records that a view already has change nothing, so it is safe\nto run at any time and to run again.',
  options: {},
  async run(call) {
    const { config, log } = await dataConfigurationOf(call)
    const progress = createProgress(call.io)
    const { openData } = await import('../server.ts')
    await using data = await openData(config, { log })
    const { records, groupWrites, unreadable } = await data.replay((done, total, what) =>
      progress.show(done, total, `${done} ${what}`),
    )
    progress.end()
    call.io.out(`Replayed ${count(records, 'record')}; ${count(groupWrites, 'group row')} written.`)
    if (unreadable > 0) call.io.err(`${count(unreadable, 'record')} could not be read and were passed over.`)
    return 0
  },
}
