import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { insideOf, startHeadwater, type TestServer } from '../../src/testing.ts'

const hourMs = 3_600_000
const users = ['ann', 'bob']
const actors = ['xia', 'yan', 'zoe', 'ann']

type Step =
  | {
      readonly step: 'event'
      readonly actor: string
      readonly user: string
      readonly object: number
      readonly undo: boolean
    }
  | { readonly step: 'mark'; readonly user: string; readonly how: 'read' | 'seen'; readonly one: boolean }
  | { readonly step: 'delete'; readonly user: string }
  | { readonly step: 'object'; readonly object: number }
  | { readonly step: 'name'; readonly actor: string; readonly name: number }
  | { readonly step: 'erase'; readonly actor: string }
  | { readonly step: 'wait'; readonly hours: number }
  | { readonly step: 'settle' }

const user = fc.constantFrom(...users)
const actor = fc.constantFrom(...actors)
const object = fc.nat(3)
const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ step: fc.constant('event' as const), actor, user, object, undo: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('mark' as const),
      user,
      how: fc.constantFrom('read' as const, 'seen' as const),
      one: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('delete' as const), user }) },
  fc.record({ step: fc.constant('object' as const), object }),
  { weight: 2, arbitrary: fc.record({ step: fc.constant('name' as const), actor, name: fc.nat(3) }) },
  fc.record({ step: fc.constant('erase' as const), actor }),
  {
    weight: 2,
    arbitrary: fc.record({ step: fc.constant('wait' as const), hours: fc.constantFrom(1, 23, 24, 25, 24 * 45) }),
  },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('settle' as const) }) },
)

async function take(server: TestServer, step: Step): Promise<void> {
  switch (step.step) {
    case 'event':
      await server.request('POST', '/v1/events', {
        body: {
          event_type: 'LIKE',
          op: step.undo ? 'UNDO' : 'ADD',
          actor_id: step.actor,
          target_user_id: step.user,
          object_type: 'POST',
          object_id: `post-${step.object}`,
        },
      })
      return
    case 'mark': {
      const [first] = await made(server, step.user)
      if (!first && step.one) return
      const body = step.one ? { group_ids: [first] } : { all: true }
      await server.request('POST', `/v1/activities/${step.how}`, { user: step.user, body })
      return
    }
    case 'delete': {
      const [first] = await made(server, step.user)
      if (first) await server.request('DELETE', `/v1/activities/${first}`, { user: step.user })
      return
    }
    case 'object':
      await server.request('DELETE', `/v1/objects/POST/post-${step.object}`)
      return
    case 'name':
      await server.request('PUT', `/v1/users/${step.actor}`, { body: { name: `${step.actor} ${step.name}` } })
      return
    case 'erase':
      if (!users.includes(step.actor)) await server.request('DELETE', `/v1/users/${step.actor}`)
      return
    case 'wait':
      await server.advance(step.hours * hourMs)
      return
    case 'settle':
      await server.settle()
  }
}

const fresh = (server: TestServer, id: string, limit = 3) =>
  insideOf(server).server.activity.reader.page(id, { after: null, limit, types: null, locale: null })

const page = async (server: TestServer, id: string) =>
  server.request('GET', '/v1/activities?limit=3', { token: await server.token(id) })

const made = async (server: TestServer, id: string) => (await fresh(server, id)).groups.map((group) => group.group_id)

test('a page that was kept is what a page made anew would be, whatever happened since', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 10, maxLength: 40 }), async (steps) => {
      await using server = await startHeadwater()
      for (const step of steps) {
        // Pages are asked for while the step is under way, too: what they were made from is not kept.
        await Promise.all([take(server, step), ...users.map((id) => page(server, id))])
        for (const id of users) {
          const expected = await fresh(server, id)
          // Twice: the first may be made, the second is kept.
          for (const _ of ['made', 'kept']) {
            const { status, body } = await page(server, id)
            assert.equal(status, 200)
            assert.deepEqual(body.activity_groups, expected.groups, `after ${JSON.stringify(step)}`)
            assert.deepEqual(
              [body.unread_count, body.unseen_count, body.seq, body.next_cursor === null],
              [expected.badge.unread, expected.badge.unseen, expected.badge.upTo, expected.next === null],
            )
          }
        }
      }
    }),
    { numRuns: 5 },
  )
})
