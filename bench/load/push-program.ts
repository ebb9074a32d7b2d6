// Clients that listen, and whoever causes what they hear, in one process with one clock. Arguments: the url of the sockets
// (several: with commas between), the API key, how many users, and where events are sent if that is another url.
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '../measuring/child.ts'
import { Crowd, dialects } from './crowd.ts'
import { HttpConnection, requestBytes } from './http-connection.ts'

const [url = '', key = '', size = '0', api = url] = process.argv.slice(2)
const users = Number(size)
const groupMarker = Buffer.from('"latest_preview":"')
const countMarker = Buffer.from('"event_count":')

/** When each event was due, and when the first frame arrived that counts it. */
let dueAt = new Float64Array(0)
let seenAt = new Float64Array(0)
/** Groups are numbered through all runs; of each, the first event that no frame has counted, and how many were counted. */
let firstGroup = 0
let groups: { next: number; counted: number }[] = []
/** The next event of the same group; -1: none. */
let nextOf = new Int32Array(0)
let frames = 0
let frameBytes = 0

const crowd = new Crowd(url, dialects.headwater, users, (_, payload) => {
  frames++
  frameBytes += payload.length
  const group = groups[numberBehind(payload, groupMarker) - firstGroup]
  if (!group) return
  const count = numberBehind(payload, countMarker)
  const now = performance.now()
  for (; group.counted < count && group.next >= 0; group.counted++) {
    seenAt[group.next] = now
    group.next = nextOf[group.next]!
  }
})

function numberBehind(payload: Buffer, marker: Buffer): number {
  let value = 0
  for (let i = payload.indexOf(marker) + marker.length; ; i++) {
    const digit = payload[i]! - 0x30
    if (!(digit >= 0 && digit <= 9)) return value
    value = value * 10 + digit
  }
}

/** What came of a run. */
export interface Pushed {
  readonly pushMs: Float64Array
  readonly ackMs: Float64Array
  readonly missing: number
  readonly refused: number
  readonly frames: number
  readonly meanFrameBytes: number
  readonly clientCpuS: number
  readonly seconds: number
}

const connections: HttpConnection[] = []

/** Each of the requests that are due goes out with the next tick of a timer, late or not; latency counts from when it was due. */
async function push(run: string, perS: number, seconds: number, perRequest: number): Promise<Pushed> {
  while (connections.length < 16) connections.push(await HttpConnection.open(api))
  const total = Math.ceil((perS * seconds) / perRequest) * perRequest
  dueAt = new Float64Array(total)
  seenAt = new Float64Array(total)
  nextOf = new Int32Array(total).fill(-1)
  frames = frameBytes = 0
  const requests = prepare(run, total, perRequest)
  const ackMs = new Float64Array(requests.length)
  let refused = 0
  const cpu = process.cpuUsage()
  const begun = performance.now() + 50
  for (let i = 0; i < requests.length; ) {
    const now = performance.now()
    for (; i < requests.length; i++) {
      const at = i
      const due = begun + (i * perRequest * 1_000) / perS
      if (due > now) break
      dueAt.fill(due, i * perRequest, (i + 1) * perRequest)
      void connections[i % connections.length]!.send(requests[i]!).then(({ status }) => {
        if (status !== 202) refused++
        ackMs[at] = performance.now() - due
      })
    }
    await sleep(1)
  }
  for (let waited = 0; waited < 60_000 && seenAt.includes(0); waited += 20) await sleep(20)
  const { user, system } = process.cpuUsage(cpu)
  let missing = 0
  const pushMs: number[] = []
  for (let i = 0; i < total; i++) {
    if (seenAt[i] === 0) missing++
    else pushMs.push(seenAt[i]! - dueAt[i]!)
  }
  return {
    pushMs: Float64Array.from(pushMs),
    ackMs,
    missing,
    refused,
    frames,
    meanFrameBytes: frameBytes / frames,
    clientCpuS: (user + system) / 1e6,
    seconds: total / perS,
  }
}

/** Users come by chance, each with a few posts at a time that are liked by new people; one event in ten is about a new post. */
function prepare(run: string, total: number, perRequest: number): Buffer[] {
  firstGroup += groups.length
  groups = []
  const numbers = new Map<string, number>()
  const newest: number[] = []
  const posts = new Int32Array(users)
  const requests: Buffer[] = []
  for (let i = 0; i < total; i += perRequest) {
    const events = []
    for (let j = i; j < i + perRequest; j++) {
      const user = Math.floor(chance() * users)
      if (chance() < 0.1) posts[user]!++
      const post = `${run}-${user}-${posts[user]! - Math.min(posts[user]!, Math.floor(chance() * 3))}`
      const number = numbers.get(post) ?? groups.push({ next: j, counted: 0 }) - 1
      if (numbers.has(post)) nextOf[newest[number]!] = j
      numbers.set(post, number)
      newest[number] = j
      events.push({
        event_type: 'LIKE',
        actor_id: `fan-${Math.floor(chance() * 1e6)}`,
        target_user_id: `user-${user}`,
        object_type: 'POST',
        object_id: post,
        metadata: { preview: String(firstGroup + number) },
      })
    }
    requests.push(requestBytes('POST', '/v1/events', { authorization: `Bearer ${key}` }, JSON.stringify({ events })))
  }
  return requests
}

let state = 7
function chance(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}

serve({}, { open: (inFlight: number) => crowd.open(0, users, inFlight), push, closed: () => crowd.closed })
