import assert from 'node:assert/strict'
import { eventually } from './eventually.ts'
import type { Resources } from './probe-contract.ts'
import type { StressedServer } from './stressed-server.ts'

/** What a server holds while nobody is there, to be compared with what it holds afterwards. */
export const atBaseline = (server: StressedServer): Promise<Resources> => server.resources()

/** Connections for the scenario's own questions, and the timers of the moment, come and go. */
const handlesMore = 300
const heapMoreBytes = 64 * 1024 * 1024

/** Sockets, timers and memory are back where they were before the load. */
export async function assertBaseline(server: StressedServer, before: Resources): Promise<Resources> {
  await eventually('the sockets are gone', async () => (await server.metric('headwater_sockets')) === 0)
  await eventually('nobody is subscribed', async () => (await server.metric('headwater_socket_users')) === 0)
  let after = await server.resources()
  const isBack = async () => {
    after = await server.resources()
    return sum(after) <= sum(before) + handlesMore && after.heapBytes <= before.heapBytes + heapMoreBytes
  }
  await eventually('the server is back where it was', isBack, {
    withinMs: 30_000,
    standing: () => JSON.stringify({ before, after }),
  })
  assert.ok(timers(after) <= timers(before) + 20, `${timers(after)} timers, and ${timers(before)} before`)
  return after
}

const sum = ({ handles }: Resources): number => Object.values(handles).reduce((all, count) => all + count, 0)
const timers = ({ handles }: Resources): number => handles.Timeout ?? 0
