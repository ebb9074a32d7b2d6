import type { EventInput, UserRef } from '@headwater/client'

/** The routes that exist only while the server has its development key. */

export interface DemoEvent
  extends Pick<EventInput, 'event_type' | 'actor_id' | 'target_user_id' | 'object_type' | 'object_id' | 'op'> {
  readonly preview?: string
}

/** The demo users; `null` when this server has no demo. */
export async function fetchDemoUsers(): Promise<readonly UserRef[] | null> {
  const response = await fetch('/v1/demo')
  if (response.status === 404) return null
  if (!response.ok) throw new Error(await problemText(response))
  return (await response.json()).users
}

export async function logIn(userId: string): Promise<string> {
  return (await post('/v1/demo/login', { user_id: userId })).token
}

export async function act(event: DemoEvent): Promise<void> {
  await post('/v1/demo/events', event)
}

async function post(path: string, body: unknown) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(await problemText(response))
  return response.json()
}

async function problemText(response: Response): Promise<string> {
  const problem = await response.json().catch(() => null)
  return problem?.detail ?? `The server answered ${response.status}`
}
