import { type ClientOptions, createClient } from '../client.ts'
import { FakeServer } from './fake-server.ts'
import { VirtualWorld } from './virtual.ts'

/** A client against a server with five groups, g0 to g4, on virtual time. */
export function setupActivities(options: Partial<ClientOptions> = {}) {
  const world = new VirtualWorld()
  world.chance = 1
  const server = new FakeServer(world)
  const { stream } = server
  for (let n = 0; n < 5; n++) stream.event(`g${n}`, n, n === 2 ? 'COMMENT' : 'LIKE')
  const client = createClient({
    url: 'http://test',
    token: 't',
    fetch: server.fetch,
    WebSocket: server.sockets.Constructor,
    seams: world.seams,
    activities: { pageSize: 2 },
    ...options,
  })
  const { activities } = client
  const state = () => activities.getSnapshot()
  const ids = () => state().groups.map((group) => group.group_id)
  const connect = async () => {
    const call = activities.connect()
    await world.run(100)
    await call
  }
  /** Something happens on the server, and is sent out. */
  const live = async (act: () => void) => {
    act()
    server.flush()
    await world.run(10)
  }
  /** Runs time until the call is over. */
  const finish = async <T>(call: Promise<T>): Promise<T> => {
    void call.catch(() => {})
    await world.run(60_000)
    return call
  }
  const pages = () => server.requests.filter(({ method, path }) => method === 'GET' && path === '/v1/activities')
  return { world, server, stream, client, activities, state, ids, connect, live, finish, pages }
}
