import { once } from 'node:events'
import { WebSocket } from 'ws'
import { callServer } from './call-server.ts'
import { inTime } from './in-time.ts'

/** A socket of a user that is expected to stay open. */
export class WaitingSocket implements Disposable {
  readonly #ws: WebSocket
  // biome-ignore lint/suspicious/noExplicitAny: frames of every kind
  readonly #frames: any[] = []
  #came = Promise.withResolvers<void>()

  private constructor(ws: WebSocket) {
    this.#ws = ws
    ws.on('message', (data) => {
      this.#frames.push(JSON.parse(String(data)))
      this.#came.resolve()
      this.#came = Promise.withResolvers()
      this.#came.promise.catch(() => {})
    })
    ws.on('close', () => this.#came.reject(new Error('the socket was closed')))
    this.#came.promise.catch(() => {})
  }

  static async open(url: string, user: string): Promise<WaitingSocket> {
    const { token } = await callServer(url, 'POST', '/v1/tokens', { body: { user_id: user } })
    const ws = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/activities`)
    const socket = new WaitingSocket(ws)
    await once(ws, 'open')
    ws.send(JSON.stringify({ type: 'auth', token }))
    await socket.told('hello')
    return socket
  }

  /** Resolves with the next frame of a type. */
  // biome-ignore lint/suspicious/noExplicitAny: frames of every kind
  async told(type: string): Promise<any> {
    for (;;) {
      const at = this.#frames.findIndex((frame) => frame.type === type)
      if (at >= 0) return this.#frames.splice(0, at + 1).at(-1)
      await inTime(`a frame ${type}`, this.#came.promise)
    }
  }

  async answersPing(): Promise<void> {
    this.#ws.send(JSON.stringify({ type: 'ping' }))
    await this.told('pong')
  }

  [Symbol.dispose](): void {
    this.#ws.removeAllListeners('close')
    this.#ws.terminate()
  }
}
