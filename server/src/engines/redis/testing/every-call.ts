import { someTime } from '../../../conformance/samples.ts'
import { HeadwaterError } from '../../../lib/error.ts'
import type { StreamMessage } from '../../../ports/pub-sub.ts'
import type { RedisEngine } from '../open.ts'

export const changed = (user: string, to: number): StreamMessage => ({
  kind: 'changes',
  user,
  from: to - 1,
  to,
  changes: [],
  counts: null,
  acceptedAt: someTime,
})

/** One call of each port, and of each way to ask Redis. */
const calls = ({ ports }: RedisEngine): readonly (() => Promise<unknown>)[] => [
  () => ports.sessions.put([{ user: 'ann', sessionId: 's', node: 'n', device: null }], someTime, 60_000),
  () => ports.sessions.find(['ann'], someTime),
  () => ports.unread.counts('ann', 0),
  () => ports.unread.drop(['ann']),
  () => ports.offline.read('ann', 0),
  () => ports.offline.entries(),
  () => ports.traces.get('0190a0a0-0000-7000-8000-000000000000'),
  () => ports.usedTickets.use('ticket', 60_000),
  () => ports.pubSub.mayBeHeard(['ann']),
  () => ports.pubSub.publish([changed('ann', 1)]),
  () => ports.pubSub.publish([{ kind: 'revoked', user: 'ann' }]),
]

export const everyCall = (engine: RedisEngine): Promise<unknown> => Promise.all(calls(engine).map((call) => call()))

export async function outcomesOf(engine: RedisEngine): Promise<readonly PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(calls(engine).map((call) => call()))
}

export async function refusesAll(engine: RedisEngine): Promise<boolean> {
  const outcomes = await outcomesOf(engine)
  return outcomes.every((outcome) => outcome.status === 'rejected' && isUnavailable(outcome.reason))
}

export async function answersAll(engine: RedisEngine): Promise<boolean> {
  return (await outcomesOf(engine)).every(({ status }) => status === 'fulfilled')
}

export const isUnavailable = (error: unknown): boolean => HeadwaterError.is(error) && error.code === 'store_unavailable'
