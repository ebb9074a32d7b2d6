import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream'
import { CommandFailure } from './command.ts'

/** The servers behind a front door as they are at the moment; any of them may come and go. */
export interface Behind {
  apis(): readonly string[]
  gateways(): readonly string[]
}

/**
 * One address for a cluster on one machine, as a load balancer gives it elsewhere: sockets and event streams go to
 * gateways, everything else to APIs, each in turn. A server that does not take a connection is passed over; a request
 * that it took is its own, since nobody else can know what became of it.
 */
export class FrontDoor implements AsyncDisposable {
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 })
  readonly #behind: Behind
  readonly #sockets = new Set<Duplex>()
  #turn = 0

  constructor(behind: Behind) {
    this.#behind = behind
    this.#server = createServer((incoming, reply) => this.#answer(incoming, reply))
    this.#server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#connect(incoming, socket, head),
    )
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  async listen(host: string, port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', ({ message }) => reject(new CommandFailure(message)))
      this.#server.listen(port, host, () => resolve())
    })
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    this.#agent.destroy()
    await closed
  }

  #answer(incoming: IncomingMessage, reply: ServerResponse): void {
    const isStream = incoming.url?.startsWith('/v1/activities/stream') === true
    this.#pass(incoming, reply, this.#inTurn(isStream ? this.#behind.gateways() : this.#behind.apis()))
  }

  #pass(incoming: IncomingMessage, reply: ServerResponse, servers: readonly string[]): void {
    const [server, ...others] = servers
    if (server === undefined) {
      reply.writeHead(503, { 'retry-after': '1', connection: 'close' }).end()
      return
    }
    const { method, headers, url } = incoming
    const forward = request(server + url, { method, headers, agent: this.#agent })
    forward.on('response', (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, reply, () => {})
    })
    forward.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' && others.length > 0) this.#pass(incoming, reply, others)
      else if (reply.headersSent) reply.destroy()
      else reply.writeHead(502, { connection: 'close' }).end()
    })
    reply.once('close', () => {
      if (!reply.writableFinished) forward.destroy()
    })
    // Not before the server has taken the connection: what was read of the body could not be sent to another.
    forward.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => incoming.pipe(forward))
      else incoming.pipe(forward)
    })
  }

  #connect(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const [first, ...others] = this.#inTurn(this.#behind.gateways())
    const attempt = (server: string | undefined): void => {
      if (server === undefined) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n')
        return
      }
      const { hostname, port } = new URL(server)
      const upstream = connect({ host: hostname, port: Number(port) })
      upstream.once('connect', () => {
        upstream.off('error', next)
        upstream.on('error', () => socket.destroy())
        upstream.write(headOf(incoming))
        upstream.write(head)
        pipeline(socket, upstream, () => {})
        pipeline(upstream, socket, () => {})
      })
      const next = () => attempt(others.shift())
      upstream.once('error', next)
    }
    attempt(first)
  }

  #inTurn(servers: readonly string[]): readonly string[] {
    const from = servers.length === 0 ? 0 : this.#turn++ % servers.length
    return [...servers.slice(from), ...servers.slice(0, from)]
  }
}

/** The request as it came, line by line. */
function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  let lines = `${method} ${url} HTTP/1.1\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  return `${lines}\r\n`
}
