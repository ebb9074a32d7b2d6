import assert from 'node:assert/strict'
import { join } from 'node:path'
import { settingsWith } from '../../src/config/load.ts'
import { silentLog } from '../../src/lib/log.ts'
import { start } from '../../src/server.ts'
import { assertFolder } from '../crash/after-crashes.ts'
import { crashConfig } from '../crash/child-contract.ts'
import { callServer } from './call-server.ts'
import { until } from './in-time.ts'
import { type Told, users } from './load.ts'

/** What of that which callers were told is no more. */
export interface Loss {
  readonly events: number
  /** Users whose stream is behind a position that they were told of. */
  readonly streams: number
  /** Deleted objects that came back. */
  readonly deletions: number
}

/**
 * Starts the real server on a folder that went through a power cut, lets it work off what it finds, and looks at
 * everything: fails if file, views and log do not go together; gives what is lost.
 */
export async function lossAfterPowerCut(disk: string, told: Told): Promise<Loss> {
  const folder = join(disk, 'data')
  const server = await start(crashConfig(settingsWith, folder), { log: silentLog })
  let streams = 0
  const shown = new Set<string>()
  try {
    const heads = await Promise.all(users.map(async (user) => [user, (await pageOf(server.url, user)).seq] as const))
    for (const [user, seq] of heads) if (seq < (told.positions.get(user) ?? 0)) streams++
    await workOff(server.url)
    for (const user of users) {
      const page = await pageOf(server.url, user)
      for (const { object_id } of page.activity_groups) shown.add(object_id)
      const unread = page.activity_groups.filter((group: { is_read: boolean }) => !group.is_read).length
      assert.equal(page.unread_count, unread, `the badge of ${user} is a recount`)
    }
  } finally {
    await server.close()
  }
  const stored = await assertFolder(folder)
  return {
    events: [...told.events].filter((id) => !stored.has(id)).length,
    streams,
    deletions: [...told.deletedObjects].filter((object) => shown.has(object)).length,
  }
}

const pageOf = (url: string, user: string) => callServer(url, 'GET', '/v1/activities?limit=100', { user })

/** Sends something for each user, and so behind everything else; resolves when the server is done with it. */
async function workOff(url: string): Promise<void> {
  const events = users.map((user) => ({
    event_type: 'LIKE',
    actor_id: 'after-the-cut',
    target_user_id: user,
    object_type: 'POST',
    object_id: 'object-0',
  }))
  const { event_ids } = await callServer(url, 'POST', '/v1/events', { body: { events } })
  for (const id of event_ids) {
    const path = `/v1/events/${id}`
    await until('the last event is worked off', async () => (await callServer(url, 'GET', path)).state !== 'pending')
  }
}
