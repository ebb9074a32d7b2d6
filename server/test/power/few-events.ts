import { type Answer, askServer, callServer } from './call-server.ts'
import { until } from './in-time.ts'
import type { Told } from './load.ts'

let n = 0

/** Sends some new events, to one user about one object, and notes them where they are acknowledged. */
export async function sendEvents(url: string, told: Told, count = 10, padding = ''): Promise<Answer> {
  const events = Array.from({ length: count }, () => ({
    event_type: 'LIKE',
    actor_id: `actor-${++n}`,
    target_user_id: 'carol',
    object_type: 'POST',
    object_id: 'object-0',
    ...(padding === '' ? {} : { metadata: { padding } }),
  }))
  const answer = await askServer(url, 'POST', '/v1/events', { body: { events } })
  if (answer.status === 202) for (const id of answer.body.event_ids) told.events.add(id)
  return answer
}

/** Resolves when the server has worked off what it took in for carol. */
export async function workOffCarol(url: string, told: Told): Promise<void> {
  const { body } = await sendEvents(url, told, 1)
  const path = `/v1/events/${body.event_ids[0]}`
  await until('the last event is worked off', async () => (await callServer(url, 'GET', path)).state !== 'pending')
}
