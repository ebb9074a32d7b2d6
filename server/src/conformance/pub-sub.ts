import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Seq, UserId } from '../model/ids.ts'
import type { PubSub, StreamChanges, StreamMessage, Subscription } from '../ports/pub-sub.ts'
import { type CaseContext, defineSuite } from './frame.ts'
import { sampleRow } from './samples.ts'

type T = CaseContext<PubSub>

export const pubSubSuite = defineSuite<PubSub>('pub-sub', {
  promises: {
    'A message published after `add` returned reaches the subscriber, as long as nothing breaks.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const [ann, bob] = [t.user(), t.user()]
      const listeners = [await listen(one), await listen(two), await listen(one)] as const
      for (const { subscription } of listeners) await subscription.add([ann, bob, ann])
      const messages: StreamMessage[] = [messageOf(ann, 1), { kind: 'revoked', user: bob }, messageOf(bob, 2, null)]
      await one.publish(messages.slice(0, 2))
      await two.publish(messages.slice(2))
      await one.publish([])
      for (const { heard } of listeners) {
        await t.eventually('three messages', async () => heard.length >= 3)
        await settle(t, one, two)
        assert.deepEqual(
          heard.filter(({ user }) => user === ann),
          messages.slice(0, 1),
        )
        assert.deepEqual(heard.filter(({ user }) => user === bob).toSorted(byKind), messages.slice(1).sort(byKind))
      }
    },

    'A user who was added may be heard, at every publisher.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const users = Array.from({ length: 3 }, t.user)
      const { subscription } = await listen(one)
      const other = await listen(two)
      await subscription.add(users)
      await other.subscription.add(users.slice(0, 1))
      await other.subscription.remove(users.slice(0, 1))
      for (const port of [one, two]) {
        await t.eventually('heard everywhere', async () => (await port.mayBeHeard(users)).every(Boolean))
      }
      assert.deepEqual(await one.mayBeHeard([]), [])
    },

    'Messages of one user from one publisher arrive in the order in which they were published.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const users = Array.from({ length: 5 }, t.user)
      const { subscription, heard } = await listen(two)
      await subscription.add(users)
      const publishing: Promise<void>[] = []
      for (let n = 0; n < 60; n++) {
        const batch = users.flatMap((user) => [messageOf(user, 2 * n), messageOf(user, 2 * n + 1)])
        publishing.push(one.publish(batch))
        if (n % 7 === 0) await Promise.all(publishing)
      }
      await Promise.all(publishing)
      await t.eventually('all messages', async () => heard.length >= 600)
      for (const user of users) {
        const seqs = heard.filter((each) => each.user === user).map((each) => (each as StreamChanges).to)
        assert.deepEqual(
          seqs,
          Array.from({ length: 120 }, (_, n) => n),
        )
      }
    },

    'A subscriber hears only of users that were added, and nothing after `remove` returned.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const [ann, bob, cat] = [t.user(), t.user(), t.user()]
      const { subscription, heard } = await listen(one)
      const witness = await listen(one)
      await subscription.add([ann, bob])
      await witness.subscription.add([ann, bob, cat])
      await two.publish([messageOf(cat, 1), messageOf(ann, 2)])
      await t.eventually('the first message', async () => heard.length >= 1)
      const publishing = [two.publish([messageOf(ann, 3), messageOf(bob, 3)]), one.publish([messageOf(ann, 4)])]
      await subscription.remove([ann, cat])
      const before = heard.filter(({ user }) => user === ann).length
      await Promise.all(publishing)
      await two.publish([messageOf(ann, 5), messageOf(bob, 6)])
      await t.eventually('a message of who is still there', async () => heard.some((each) => seqOf(each) === 6))
      await t.eventually('what the witness hears', async () => witness.heard.length >= 7)
      await settle(t, one, two)
      assert.equal(heard.filter(({ user }) => user === ann).length, before)
      assert.deepEqual(heard.filter(({ user }) => user === bob).map(seqOf), [3, 6])
      assert(!heard.some(({ user }) => user === cat))
      await subscription.add([ann])
      await two.publish([messageOf(ann, 7)])
      await t.eventually('who was added again', async () => heard.some((each) => seqOf(each) === 7))

      await subscription[Symbol.asyncDispose]()
      const last = heard.length
      await two.publish([messageOf(ann, 8), messageOf(bob, 8)])
      await t.eventually('what the witness hears', async () => witness.heard.some((each) => seqOf(each) === 8))
      await settle(t, one, two)
      assert.equal(heard.length, last)
    },

    'A subscription that broke and was mended says so through `onGap`.': async (t) => {
      const [one, two] = [await t.open(), await t.open()]
      const user = t.user()
      const listener = await listen(two)
      await listener.subscription.add([user])
      await settle(t, one, two)
      assert.equal(listener.gaps, 0)
      await t.disturb('breakPubSub')
      await t.eventually('a gap', async () => listener.gaps > 0)
      await t.eventually('messages after it', async () => {
        await one.publish([messageOf(user, 5)])
        return listener.heard.length > 0
      })
    },
  },

  model: async (t) => {
    const [one, two] = [await t.open(), await t.open()]
    const users = fc.uniqueArray(fc.nat(3), { maxLength: 3 })
    const operation = fc.oneof(
      { weight: 2, arbitrary: fc.record({ add: users, to: fc.nat(1) }) },
      { weight: 1, arbitrary: fc.record({ remove: users, of: fc.nat(1) }) },
      { weight: 4, arbitrary: fc.record({ publish: users, by: fc.nat(1) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (steps) => {
        const everyone = Array.from({ length: 4 }, t.user)
        const listeners = [await listen(one), await listen(two)] as const
        const model = listeners.map(() => ({ added: new Set<UserId>(), expected: [] as string[] }))
        for (const [seq, step] of steps.entries()) {
          if ('add' in step) {
            const added = step.add.map((n) => everyone[n] as UserId)
            await listeners[step.to === 0 ? 0 : 1].subscription.add(added)
            for (const user of added) model[step.to]?.added.add(user)
          } else if ('remove' in step) {
            const removed = step.remove.map((n) => everyone[n] as UserId)
            await listeners[step.of === 0 ? 0 : 1].subscription.remove(removed)
            for (const user of removed) model[step.of]?.added.delete(user)
          } else {
            const told = step.publish.map((n) => everyone[n] as UserId)
            await (step.by === 0 ? one : two).publish(told.map((user) => messageOf(user, seq)))
            for (const { added, expected } of model)
              expected.push(...told.filter((user) => added.has(user)).map((user) => `${user} ${seq}`))
            for (const [i, { heard }] of listeners.entries()) {
              await t.eventually('what was told', async () => heard.length >= (model[i]?.expected.length ?? 0))
            }
          }
        }
        await settle(t, one, two)
        for (const [i, { heard, subscription }] of listeners.entries()) {
          assert.deepEqual(heard.map((each) => `${each.user} ${seqOf(each)}`).sort(), model[i]?.expected.sort())
          await subscription[Symbol.asyncDispose]()
        }
      }),
      { numRuns: t.modelRuns },
    )
  },
})

interface Listener {
  readonly subscription: Subscription
  readonly heard: StreamMessage[]
  gaps: number
}

async function listen(pubSub: PubSub): Promise<Listener> {
  const heard: StreamMessage[] = []
  const listener = { heard, gaps: 0 }
  const subscription = await pubSub.subscribe({
    message: (message) => void heard.push(message),
    gap: () => void listener.gaps++,
  })
  return Object.assign(listener, { subscription })
}

/** Everything that was published before has arrived when a message published now has, on each connection. */
async function settle(t: T, ...servers: readonly PubSub[]): Promise<void> {
  for (const to of servers) {
    const user = t.user()
    const { subscription, heard } = await listen(to)
    await subscription.add([user])
    for (const from of servers) await from.publish([messageOf(user, 1)])
    await t.eventually('the pub/sub is idle', async () => heard.length >= servers.length)
    await subscription[Symbol.asyncDispose]()
  }
}

function messageOf(
  user: UserId,
  to: Seq,
  counts: StreamChanges['counts'] = { upTo: to, unread: 1, unseen: 1, unreadByType: { LIKE: 1 } },
): StreamChanges {
  const group = { ...sampleRow(user, to), pending: [], hyperLogLog: null }
  const marks = [{ groupId: null, mark: 'read', upTo: to, seq: to }] as const
  return {
    kind: 'changes',
    user,
    from: to - 1,
    to,
    changes: [
      { seq: to, group },
      { seq: to, marks },
    ],
    counts,
    acceptedAt: 5,
  }
}

const seqOf = (message: StreamMessage): Seq => (message.kind === 'changes' ? message.to : -1)
const byKind = (a: StreamMessage, b: StreamMessage): number => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0)
