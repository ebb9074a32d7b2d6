import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type ClientOptions, WebSocket } from 'ws'
import { type VirtualSeams, virtualSeams } from '../../lib/virtual-seams.ts'
import { createWishedLanguage } from '../../model/wished-language.ts'
import { createGateway, type Gateway, socketPath } from '../gateway.ts'
import { type GatewaySettings, gatewayDefaults } from '../settings.ts'
import { HandPubSub, ListAccess, MapDevices, MapRegistry } from './fake-ports.ts'
import { StreamModel } from './stream-model.ts'

/** A gateway behind a real HTTP server, for what only real sockets can get wrong. Its time is virtual all the same. */
export class LiveServer implements AsyncDisposable {
  readonly seams: VirtualSeams = virtualSeams()
  readonly stream = new StreamModel()
  readonly pubSub = new HandPubSub()
  readonly sessions = new MapRegistry()
  readonly devices = new MapDevices()
  readonly access = new ListAccess()
  readonly gateway: Gateway
  readonly #http: Server
  readonly #opened: { terminate(): void }[] = []

  private constructor(settings: Partial<GatewaySettings>) {
    const { stream, pubSub, sessions, devices, access } = this
    this.gateway = createGateway(
      { stream, pubSub, sessions, devices, access, wishedLanguage: createWishedLanguage(['en', 'de']) },
      { ...gatewayDefaults, headerGraceMs: 0, node: 'n1', ...settings },
      this.seams,
    )
    this.#http = createServer((request, reply) => void this.gateway.handleStream(request, reply))
    this.#http.on('upgrade', (request, socket, head) => this.gateway.handleUpgrade(request, socket, head))
  }

  static async start(settings: Partial<GatewaySettings> = {}): Promise<LiveServer> {
    const server = new LiveServer(settings)
    server.#http.listen(0, '127.0.0.1')
    await once(server.#http, 'listening')
    return server
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  /** A socket that is being opened. */
  dial(options: ClientOptions = {}, path = socketPath, protocols: string[] = []): LiveClient {
    const client = new LiveClient(new WebSocket(`ws://${this.host}${path}`, protocols, options))
    this.#opened.push(client)
    return client
  }

  /** An open socket with its `hello` behind it. */
  async connect(token: string, auth: object = {}): Promise<LiveClient> {
    const client = this.dial()
    await client.opened
    client.say({ type: 'auth', token, ...auth })
    await client.next('hello')
    return client
  }

  /** A bare connection, for what no client library would send. */
  async raw(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1')
    this.#opened.push({ terminate: () => socket.destroy() })
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#opened) each.terminate()
    await this.gateway[Symbol.asyncDispose]()
    this.#http.closeAllConnections()
    this.#http.close()
    await once(this.#http, 'close')
  }
}

interface Refused {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly problem: { readonly code: string; readonly status: number }
}

type AnyFrame = { readonly type: string; readonly [field: string]: unknown }

export class LiveClient {
  readonly ws: WebSocket
  readonly opened: Promise<void>
  readonly refused: Promise<Refused>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly #frames: AnyFrame[] = []
  #wake: () => void = () => {}

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('error', () => {})
    ws.on('message', (data) => {
      this.#frames.push(JSON.parse(String(data)) as AnyFrame)
      this.#wake()
    })
    this.opened = new Promise((resolve) => ws.on('open', resolve))
    this.closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve({ code, reason: String(reason) })))
    this.refused = new Promise((resolve) =>
      ws.on('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (chunk) => (body += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, problem: JSON.parse(body) }),
        )
      }),
    )
  }

  say(frame: unknown): void {
    this.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next frame of this type; those before it are passed over. */
  async next(type: string): Promise<AnyFrame> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame?.type === type) return frame
      if (!frame) await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  terminate(): void {
    this.ws.terminate()
  }
}
