import assert from 'node:assert/strict'
import { assertFolder } from '../crash/after-crashes.ts'
import { askServer, callServer } from './call-server.ts'
import { sendEvents, workOffCarol } from './few-events.ts'
import type { Told } from './load.ts'
import { ServerProcess } from './server-process.ts'
import type { WaitingSocket } from './waiting-socket.ts'

const attemptsMax = 3_000

/** Sends until something is refused. */
export async function sendUntilRefused(url: string, told: Told, padding: string): Promise<string> {
  for (let n = 0; n < attemptsMax; n++) {
    const { status, body, retryAfter } = await sendEvents(url, told, 20, padding)
    if (status === 202) continue
    assert.equal(status, 503)
    assert.ok(Number(retryAfter) >= 1, 'it says when to come again')
    return body.code
  }
  throw new Error('nothing was ever refused')
}

/** What goes on while nothing can be written: reads, sockets, and plain words about the rest. */
export async function assertReadsGoOn(url: string, socket: WaitingSocket, codes: readonly string[]): Promise<void> {
  const page = await callServer(url, 'GET', '/v1/activities', { user: 'carol' })
  assert.equal(page.activity_groups.length, 1)
  await socket.answersPing()
  assert.equal((await askServer(url, 'GET', '/healthz')).status, 200)
  const ready = await askServer(url, 'GET', '/readyz')
  assert.equal(ready.status, 503)
  assert.match(ready.body.parts.store, /cannot be written/)
  const mark = await askServer(url, 'POST', '/v1/activities/read', { user: 'carol', body: { all: true } })
  assert.equal(mark.status, 503)
  assert.ok(codes.includes(mark.body.code), mark.body.code)
}

/** Nothing acknowledged is lost, and file, log and views go together. */
export async function assertAllStored(folder: string, told: Told): Promise<ReadonlySet<string>> {
  const stored = await assertFolder(folder)
  const lost = [...told.events].filter((id) => !stored.has(id))
  assert.deepEqual(lost, [], 'acknowledged and lost')
  return stored
}

/** The same, after another server has started on the folder and worked off what it found. */
export async function assertAllStoredOnceWorkedOff(folder: string, told: Told): Promise<ReadonlySet<string>> {
  await using server = await ServerProcess.start(folder)
  await workOffCarol(server.url, told)
  assert.equal(await server.stop(), 0)
  return await assertAllStored(folder, told)
}
