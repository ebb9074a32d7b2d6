// Reads pages from a server, as users with tokens of their own, from a process of its own. Argument: the url.
import { signToken, tokenSecret } from '../../server/src/access/jwt.ts'
import { serve } from '../measuring/child.ts'
import { tokenSecret as secret } from '../measuring/headwater.ts'
import { HttpConnection, requestBytes } from './http-connection.ts'
import { openLoop } from './open-loop.ts'
import { storedUser } from './stored-groups.ts'

const [url = ''] = process.argv.slice(2)

export interface PageMix {
  /** These are read again and again, `warmShare` of all requests; the others in turn, so that none comes again soon. */
  readonly warmUsers: number
  readonly users: number
  readonly warmShare: number
  readonly path: string
  /** What ids of users begin with, their number behind it. Default: as `storeGroups` names them. */
  readonly named?: string
}

let mix: PageMix = { warmUsers: 0, users: 0, warmShare: 1, path: '' }
const prepared = new Map<number, Buffer>()
let cold = 0
let state = 1

function prepare(wanted: PageMix): number {
  mix = wanted
  cold = 0
  prepared.clear()
  const key = tokenSecret(secret)
  const now = Math.floor(Date.now() / 1_000)
  for (let user = 0; user < mix.users; user++) {
    const token = signToken(
      {
        sub: mix.named === undefined ? storedUser(user) : `${mix.named}${user}`,
        iat: now,
        exp: now + 86_400,
        jti: `token-${user}`,
      },
      key,
    )
    prepared.set(user, requestBytes('GET', mix.path, { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' }))
  }
  return prepared.size
}

function nextRequest(): Buffer {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  const chance = state / 2 ** 32
  const isWarm = mix.users === mix.warmUsers || chance < mix.warmShare
  const user = isWarm
    ? Math.floor((chance / (mix.users === mix.warmUsers ? 1 : mix.warmShare)) * mix.warmUsers)
    : mix.warmUsers + (cold++ % (mix.users - mix.warmUsers))
  return prepared.get(user)!
}

async function connections(count: number): Promise<HttpConnection[]> {
  const open: HttpConnection[] = []
  for (let i = 0; i < count; i++) open.push(await HttpConnection.open(url))
  return open
}

/** Every warm user once. */
async function warmUp(): Promise<void> {
  const open = await connections(8)
  let next = 0
  await Promise.all(
    open.map(async (connection) => {
      for (let user = next++; user < mix.warmUsers; user = next++) await checked(connection, prepared.get(user)!)
      connection[Symbol.dispose]()
    }),
  )
}

async function checked(connection: HttpConnection, request: Buffer) {
  const answer = await connection.send(request)
  if (answer.status !== 200) throw new Error(`answered ${answer.status}`)
  return answer
}

/** Closed loop: each connection sends its next request when the answer came. */
async function readFor(seconds: number, count: number) {
  const open = await connections(count)
  const started = performance.now()
  const end = started + seconds * 1_000
  let requests = 0
  let bytes = 0
  await Promise.all(
    open.map(async (connection) => {
      while (performance.now() < end) {
        const answer = await checked(connection, nextRequest())
        requests++
        bytes += answer.bytes
      }
      connection[Symbol.dispose]()
    }),
  )
  return { requests, seconds: (performance.now() - started) / 1_000, meanBytes: bytes / requests }
}

async function readSteadily(perS: number, seconds: number, count: number) {
  const open = await connections(count)
  const { latenciesMs, failed } = await openLoop(perS, seconds, (i) => checked(open[i % count]!, nextRequest()))
  for (const connection of open) connection[Symbol.dispose]()
  return { latenciesMs, failed }
}

/** The first page of one user, as it came. */
async function onePage(user: number): Promise<string> {
  using connection = await HttpConnection.open(url)
  return (await connection.send(prepared.get(user)!, true)).body
}

serve({}, { prepare, warmUp, readFor, readSteadily, onePage })
