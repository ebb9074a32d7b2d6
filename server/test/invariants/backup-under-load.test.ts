import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { foldRest } from '../../src/activity/fold-rest.ts'
import { totalsOf } from '../../src/activity/log-totals.ts'
import { settingsWith } from '../../src/config/load.ts'
import { openEmbedded } from '../../src/engines/embedded.ts'
import { databaseFile } from '../../src/engines/sqlite/open.ts'
import { systemSeams } from '../../src/lib/system-seams.ts'
import { virtualSeams } from '../../src/lib/virtual-seams.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { apiKey, crashConfig } from '../crash/child-contract.ts'
import { PatientClient } from '../crash/patient-client.ts'
import { ServerLives } from '../crash/server-lives.ts'
import { openStage } from '../crash/stage.ts'
import { listOf, SurvivingSocket } from '../crash/surviving-socket.ts'
import { targets, Workload } from '../crash/workload.ts'
import { type Api, allGroups, createApi, worldSettings } from '../model/world.ts'

const seed = Number(process.env.HEADWATER_SEED ?? 1)
const backups = process.env.HEADWATER_LONG ? 10 : 1
/** Rounds of work that are under way at a time. */
const callers = 3
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Runs a command as its user would; what it says on standard output. */
async function command(...args: readonly string[]): Promise<string> {
  const secrets = { HEADWATER_API_KEY: apiKey, HEADWATER_TOKEN_SECRET: 'a secret that nothing here is signed with' }
  const child = spawn(process.execPath, [main, ...args, '--log.partitions=2'], {
    env: { PATH: process.env.PATH, ...secrets },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (err += text))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, `${args[0]}: ${out}${err}`)
  return out
}

test(`backups of a server under load hold what was acknowledged before; restored, clients start over (seed ${seed})`, async () => {
  using stage = await openStage([], seed)
  const { folder, lives, client, workload } = stage
  const taken: { readonly file: string; readonly before: ReadonlySet<string> }[] = []
  let isOver = false
  const work = Promise.all(
    Array.from({ length: callers }, async () => {
      while (!isOver) await workload.round()
    }),
  )
  work.catch(() => {})
  for (let n = 0; n < backups; n++) {
    while (workload.count.acknowledged.size < (n + 1) * 60) await systemSeams.scheduler.sleep(5)
    const before = new Set(workload.count.acknowledged)
    const file = join(folder, `${n}.backup`)
    assert.equal((await command('backup', file, '--data', folder)).trim(), file)
    taken.push({ file, before })
  }
  const during = workload.count.acknowledged.size
  assert.ok(during > (taken.at(-1)?.before.size ?? 0), 'the server took events while the backup was made')
  while (workload.count.acknowledged.size < during + 30) await systemSeams.scheduler.sleep(5)
  lives.kill()
  isOver = true
  await work
  await workload.settle()
  const lost = await Promise.all(targets.map((user) => listOf(client, user)))
  await lives.stop()

  for (const { file, before } of taken) {
    const restored = join(folder, `restored-${taken.length}-${before.size}`)
    await command('restore', file, '--data', restored)
    await assertHolds(file, before, restored, join(folder, `opened-${before.size}`))
    assert.match(await command('verify', '--data', restored), /Everything agrees/)
    await assertStartsOver(restored, lost)
  }
})

/**
 * A backup opens as the database of a server that was killed at that moment would: its log has what was acknowledged, and
 * what a worker makes of the rest of that log is what the restored views show.
 */
async function assertHolds(file: string, before: ReadonlySet<string>, restored: string, place: string): Promise<void> {
  mkdirSync(place)
  copyFileSync(file, join(place, databaseFile))
  const seams = virtualSeams({ now: Date.now() })
  await using killed = await openEmbedded(crashConfig(settingsWith, place), seams)
  await using now = await openEmbedded(crashConfig(settingsWith, restored), seams)
  const stored = await eventsIn(killed.ports.log)
  assert.deepEqual(
    [...before].filter((id) => !stored.has(id)),
    [],
    'acknowledged before the backup, and not in it',
  )
  const { end } = await totalsOf(killed.ports.log)
  await foldRest(killed.ports, worldSettings, systemSeams)
  // What a fold appends itself, for deletions that were cut off, stands in the order of its flushes.
  const isHeadFixed = (await totalsOf(killed.ports.log)).end === end
  const [expected, found] = [createApi(killed.ports, seams), createApi(now.ports, seams)]
  for await (const user of killed.users()) {
    const [shown, wanted] = [await shownTo(found, user), await shownTo(expected, user)]
    if (!isHeadFixed) shown.badge = { ...shown.badge, upTo: wanted.badge.upTo }
    assert.deepEqual(shown, wanted, `restored for ${user}`)
  }
}

async function eventsIn(log: EventLog): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (let partition = 0; partition < log.info.partitions; partition++) {
    const { start, end } = await log.bounds(partition)
    const { records } = await log.read(partition, start, end - start + 1)
    for (const { value } of records) if (value.kind === 'event') ids.add(value.event.eventId)
  }
  return ids
}

async function shownTo(api: Api, user: string) {
  const groups = await allGroups(api, user)
  const actors = groups.map((group) => api.reader.actors(user, group.group_id, null, 100))
  return { badge: await api.badge(user), groups, actors: await Promise.all(actors) }
}

/** Clients that saw what is lost are told so, on sockets and on event streams, and then follow live without a fault. */
async function assertStartsOver(restored: string, lost: readonly { readonly epoch: string; readonly seq: number }[]) {
  using lives = new ServerLives(restored, [])
  const client = new PatientClient(lives)
  const url = await lives.url()
  for (const [i, user] of targets.entries()) {
    const resume = { epoch: lost[i]?.epoch ?? '', seq: lost[i]?.seq ?? 0 }
    const token = (await client.call('POST', '/v1/tokens', { body: { user_id: user } })).body.token
    assert.deepEqual(await firstFrames(url, token, resume), ['hello', 'reset epoch_changed'])
    const stream = await fetch(`${url}/v1/activities/stream`, {
      headers: { authorization: `Bearer ${token}`, 'last-event-id': `${resume.epoch}:${resume.seq}` },
    })
    assert.deepEqual(await firstEvents(stream), ['hello', 'reset'])
  }
  using socket = await SurvivingSocket.open(lives, client, targets[0])
  const workload = new Workload(client, seed + 1)
  for (let n = 0; n < 3; n++) await workload.round()
  await workload.settle()
  const page = await listOf(client, targets[0])
  const told = await socket.at(page.seq)
  assert.deepEqual(socket.faults, [])
  assert.deepEqual([told.unread, told.unseen], [page.unread_count, page.unseen_count])
  await lives.stop()
}

async function firstFrames(url: string, token: string, resume: object): Promise<string[]> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/activities`)
  await once(ws, 'open')
  ws.send(JSON.stringify({ type: 'auth', token, resume }))
  const frames: string[] = []
  for await (const [data] of on(ws, 'message')) {
    const { type, reason } = JSON.parse(String(data))
    frames.push(reason === undefined ? type : `${type} ${reason}`)
    if (frames.length === 2) break
  }
  ws.terminate()
  return frames
}

async function firstEvents(response: Response): Promise<string[]> {
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    const events = [...text.matchAll(/^event: ?(\S+)$/gm)].map((match) => match[1] as string)
    if (events.length >= 2) return events.slice(0, 2)
  }
  return []
}
