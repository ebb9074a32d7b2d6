import { setImmediate } from 'node:timers/promises'
import { type VirtualSeams, virtualSeams } from '../../lib/virtual-seams.ts'
import type { UserId } from '../../model/ids.ts'
import { type GatewaySettings, gatewayDefaults } from '../settings.ts'
import { createSwitchboard, type Switchboard } from '../switchboard.ts'
import { FakeClient } from './fake-client.ts'
import { HandPubSub, ListAccess, MapDevices, MapRegistry } from './fake-ports.ts'
import { StreamModel } from './stream-model.ts'

/** A switchboard on virtual time, with everything around it in the hands of the test. */
export class Bench implements AsyncDisposable {
  readonly seams: VirtualSeams = virtualSeams()
  readonly stream = new StreamModel()
  readonly pubSub = new HandPubSub()
  readonly sessions = new MapRegistry()
  readonly devices = new MapDevices()
  readonly access = new ListAccess()
  readonly pushed: number[] = []
  readonly failures: unknown[] = []
  readonly settings: GatewaySettings
  readonly switchboard: Switchboard
  readonly #clients: FakeClient[] = []

  constructor(settings: Partial<GatewaySettings> = {}) {
    this.settings = { ...gatewayDefaults, node: 'n1', ...settings }
    const { stream, pubSub, sessions, devices, access } = this
    const observer = {
      onPushed: (ms: number) => void this.pushed.push(ms),
      onFailure: (error: unknown) => void this.failures.push(error),
    }
    this.switchboard = createSwitchboard(
      { stream, pubSub, sessions, devices, access, observer },
      this.settings,
      this.seams,
    )
  }

  /** Opens a socket on which nothing was said yet. */
  open(options: { user?: UserId; locale?: string; actingAs?: UserId; oneWay?: boolean } = {}): FakeClient {
    const { user, locale = null, actingAs = null, oneWay = false } = options
    const client = new FakeClient(oneWay)
    this.#clients.push(client)
    const principal = user === undefined ? null : this.access.principal(user)
    client.session = this.switchboard.open({ transport: client, locale, actingAs, principal })
    return client
  }

  /** Opens a socket and authenticates it as `token`, which begins with the user's id. */
  async connect(token: string, auth: object = {}, locale?: string): Promise<FakeClient> {
    const client = this.open(locale === undefined ? {} : { locale })
    client.say({ type: 'auth', token, ...auth })
    await this.settle()
    return client
  }

  /** Sends what happened to a user since the last time to the gateway. */
  async publish(user: UserId): Promise<void> {
    await this.pubSub.publish([this.stream.tell(user)])
    await this.settle()
  }

  /** Lets everything run that waits for nothing but its turn. */
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await setImmediate()
    for (const { problem } of this.#clients) if (problem) throw problem
  }

  /** Moves time on in steps, and lets what falls due run in between. */
  async pass(ms: number, stepMs = 1_000): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.seams.time.advance(Math.min(left, stepMs))
      await this.settle()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.switchboard[Symbol.asyncDispose]()
  }
}
