import type { Clock } from '../lib/seams.ts'
import type { DeviceId, Seq, UserId } from '../model/ids.ts'
import type { DevicePosition, DeviceStore } from '../ports/device-store.ts'

/** Devices written in one call. */
const batchMax = 500
/** Devices that may wait while the store is down. A position that is dropped costs its device a longer catch-up. */
const waitingMax = 100_000

/** How far each device has come, gathered here and written together: a busy device costs one write a second. */
export class Acks {
  readonly #devices: DeviceStore
  readonly #epoch: string
  readonly #clock: Clock
  #waiting = new Map<string, DevicePosition>()
  #writing: ReadonlyMap<string, DevicePosition> = new Map()
  #flushing: Promise<void> | null = null

  constructor(devices: DeviceStore, epoch: string, clock: Clock) {
    this.#devices = devices
    this.#epoch = epoch
    this.#clock = clock
  }

  note(user: UserId, device: DeviceId, seq: Seq): void {
    const key = keyOf(user, device)
    const before = this.#waiting.get(key)
    if (before ? before.seq >= seq : this.#waiting.size >= waitingMax) return
    this.#waiting.set(key, { user, device, epoch: this.#epoch, seq, seenAt: this.#clock.now() })
  }

  /** The position in this epoch that the device confirmed last; `null` when it is not known. */
  async get(user: UserId, device: DeviceId): Promise<Seq | null> {
    const key = keyOf(user, device)
    const here = Math.max(this.#waiting.get(key)?.seq ?? -1, this.#writing.get(key)?.seq ?? -1)
    // A device can do without: a position that is not known costs it a longer catch-up.
    const stored = await this.#devices.get(user, device).catch(() => undefined)
    const there = stored?.epoch === this.#epoch ? stored.seq : -1
    const seq = Math.max(here, there)
    return seq < 0 ? null : seq
  }

  /** Writes what waits. Rejects when the store does not take it; it is then kept for the next time. */
  flush(): Promise<void> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  async #writeAll(): Promise<void> {
    this.#writing = this.#waiting
    this.#waiting = new Map()
    const positions = [...this.#writing.values()]
    let written = 0
    try {
      for (; written < positions.length; written += batchMax) {
        await this.#devices.ack(positions.slice(written, written + batchMax))
      }
    } finally {
      for (const { user, device, seq } of positions.slice(written)) this.note(user, device, seq)
      this.#writing = new Map()
    }
  }
}

const keyOf = (user: UserId, device: DeviceId): string => `${user}\u001f${device}`
