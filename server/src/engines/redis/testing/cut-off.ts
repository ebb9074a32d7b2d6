import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** `through`: as if it were not there. `refused`: connections break and are not made. `silent`: nothing arrives any more. */
export type CutOff = 'through' | 'refused' | 'silent'

export interface CutOffProxy extends AsyncDisposable {
  readonly port: number
  set(mode: CutOff): void
}

/** Between a client and a service, to take the service away and give it back. */
export async function cutOffProxy(target: { readonly host: string; readonly port: number }): Promise<CutOffProxy> {
  let mode: CutOff = 'through'
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (mode === 'refused') {
      client.destroy()
      return
    }
    const service = connect(target.port, target.host)
    const both = [client, service] as const
    for (const [from, to] of [both, [service, client]] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('data', (chunk) => {
        if (mode === 'through') to.write(chunk)
      })
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      // What was left unsaid would be missing in the middle of a connection that goes on.
      if (next === 'refused' || mode === 'silent') cut()
      mode = next
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
