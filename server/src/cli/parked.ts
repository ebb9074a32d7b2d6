import type { ParkedRecord } from '../ports/parked-records.ts'
import { type Command, UsageError } from './command.ts'
import { dataConfigurationOf } from './configuration.ts'
import { count } from './verify.ts'

export const parked: Command = {
  name: 'parked',
  summary: 'Lists the records that no worker could fold, or has them folded once more.',
  arguments: 'list|replay',
  description:
    'A record that cannot be read, or at which workers failed five times, is set aside so that it holds nobody up. `replay`\nappends those that can be read by now to the log again, after an upgrade for instance; what cannot be read stays where\nit is. A cluster may go on running; of an embedded server the data directory is opened, so it must be stopped.',
  options: { json: { doc: 'Print the records as JSON.' } },
  async run(call) {
    const [action, ...more] = call.arguments
    if ((action !== 'list' && action !== 'replay') || more.length > 0)
      throw new UsageError('expected: parked list|replay')
    const { config, log } = await dataConfigurationOf(call)
    const { openParked } = await import('../server.ts')
    await using tool = await openParked(config, { log })
    if (action === 'list') {
      const found = await tool.list()
      call.io.out(call.options.json ? JSON.stringify(found.map(shown), null, 2) : parkedText(found))
      return 0
    }
    const { replayed, left } = await tool.replay()
    call.io.out(`Appended ${count(replayed.length, 'record')} to the log again.`)
    if (left.length > 0) call.io.err(`${count(left.length, 'record')} cannot be read and stay where they are.`)
    return left.length === 0 ? 0 : 1
  },
}

const shown = ({ bytes, appendedAt, parkedAt, ...record }: ParkedRecord) => ({
  ...record,
  appendedAt: new Date(appendedAt).toISOString(),
  parkedAt: new Date(parkedAt).toISOString(),
  bytes: Buffer.from(bytes).toString('base64'),
})

export function parkedText(records: readonly ParkedRecord[]): string {
  if (records.length === 0) return 'Nothing is parked.'
  return records
    .map(({ parkedAt, epoch, partition, offset, user, bytes, reason }) =>
      [
        new Date(parkedAt).toISOString(),
        `epoch ${epoch}  partition ${partition}  offset ${offset}`,
        `user ${JSON.stringify(user)}`,
        count(bytes.length, 'byte'),
        reason,
      ].join('  '),
    )
    .join('\n')
}
