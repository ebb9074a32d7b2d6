import type { Seams } from '../../lib/seams.ts'
import { seededRandom } from '../../lib/virtual-seams.ts'

/** What may go wrong, by name. Every one of them is allowed by the promises of the ports. */
export const faults = [
  /** A call takes a while, before or after it has its effect. */
  'delay',
  /** An answer was true when it was given and comes much later: a stale read. */
  'answer.late',
  /** The process dies in a call, before or after its effect. */
  'crash',
  /** The process dies or stands still for a while at a failpoint; for those who run whole servers. */
  'failpoint',
  /** A call is refused as `store_unavailable` or `ingest_unavailable`, without effect. */
  'refused',
  'append.unknown_stored',
  'append.unknown_lost',
  'append.unknown_late',
  /** Of the records at hand a poll gets a few only. */
  'log.short_poll',
  /** The worker is put out of the group; it hears of it with its next poll and starts again at the committed offsets. */
  'log.expelled',
  /** Partitions are dealt anew, some to others. */
  'log.moved',
  /** The worker has lost everything and goes on for some polls as if it had not. */
  'log.zombie',
  'log.commit_failed',
  'write.unknown_applied',
  'write.unknown_lost',
  'write.unknown_late',
  /** Of several batches of groups only some are written, whole ones; then the process dies or the outcome is unknown. */
  'write.torn',
  'pub_sub.lost',
  'pub_sub.late',
  'pub_sub.repeated',
  /** All subscriptions break and are mended. */
  'pub_sub.broken',
  /** A message that was under way when the world became calm never arrives. */
  'pub_sub.last_lost',
  'cache.evicted',
  'cache.wiped',
  'cache.down',
] as const
export type Fault = (typeof faults)[number]

export type FaultRates = Readonly<Partial<Record<Fault, number>>>

/** A bit of everything: a run of some hundred events meets most faults and still comes to an end. */
export const troubled: FaultRates = {
  delay: 0.1,
  crash: 0.002,
  refused: 0.01,
  'append.unknown_stored': 0.03,
  'append.unknown_lost': 0.03,
  'append.unknown_late': 0.02,
  'log.expelled': 0.01,
  'log.moved': 0.02,
  'log.zombie': 0.01,
  'log.commit_failed': 0.005,
  'write.unknown_applied': 0.02,
  'write.unknown_lost': 0.02,
  'write.unknown_late': 0.02,
  'write.torn': 0.05,
  'pub_sub.lost': 0.1,
  'pub_sub.late': 0.1,
  'pub_sub.repeated': 0.05,
  'pub_sub.broken': 0.01,
  'pub_sub.last_lost': 0.5,
  'cache.evicted': 0.05,
  'cache.wiped': 0.005,
  'cache.down': 0.02,
}

export interface HostileSettings {
  readonly seed: number
  /** How likely each fault is, each time it could happen, 0–1. Default `troubled`; what is left out does not happen. */
  readonly rates?: FaultRates
  readonly maxDelayMs?: number
  /** What comes late comes within this. */
  readonly maxLateMs?: number
  /** A process that died by the fault `crash` is started again after this; never when left out. */
  readonly reviveAfterMs?: number
}

interface Late {
  readonly group: string
  readonly run: () => void
  readonly timer: Disposable
}

/**
 * The trouble that all servers of a test share: how likely each fault is, and how often it happened. Everything follows
 * from the seed and from the order of the calls.
 */
export class HostileWorld {
  readonly counts = new Map<Fault, number>()
  readonly reviveAfterMs: number | undefined
  readonly #seams: Seams
  readonly #random: () => number
  readonly #rates: FaultRates
  readonly #maxDelayMs: number
  readonly #maxLateMs: number
  readonly #late = new Set<Late>()
  readonly #onCalm = new Set<() => void>()
  #calm = false

  constructor(seams: Seams, settings: HostileSettings) {
    const random = seededRandom(settings.seed)
    this.#seams = seams
    this.#random = () => random.next()
    this.#rates = settings.rates ?? troubled
    this.#maxDelayMs = settings.maxDelayMs ?? 20
    this.#maxLateMs = settings.maxLateMs ?? 1_000
    this.reviveAfterMs = settings.reviveAfterMs
  }

  get isCalm(): boolean {
    return this.#calm
  }

  /** Whether the fault happens now; counts it when it does. */
  strikes(fault: Fault): boolean {
    const rate = this.#rates[fault] ?? 0
    if (this.#calm || rate === 0 || this.#random() >= rate) return false
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
    return true
  }

  /** A whole number from 0 to below `below`. */
  pick(below: number): number {
    return Math.floor(this.#random() * below)
  }

  /** The same items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const rest = [...items]
    return items.map(() => rest.splice(this.pick(rest.length), 1)[0] as Item)
  }

  async delay(): Promise<void> {
    if (this.strikes('delay')) await this.#seams.scheduler.sleep(1 + this.pick(this.#maxDelayMs))
  }

  async longDelay(): Promise<void> {
    await this.#seams.scheduler.sleep(1 + this.pick(this.#maxLateMs))
  }

  /** Runs it some time from now; at once when the world becomes calm, or when `hurry` is told its group. */
  later(group: string, run: () => void): void {
    const due = () => {
      this.#late.delete(late)
      run()
    }
    const late: Late = { group, run: due, timer: this.#seams.scheduler.after(1 + this.pick(this.#maxLateMs), due) }
    this.#late.add(late)
  }

  /** What is still to come of a group comes now. */
  hurry(group?: string): void {
    for (const late of [...this.#late]) {
      if (group !== undefined && late.group !== group) continue
      late.timer[Symbol.dispose]()
      late.run()
    }
  }

  onCalm(run: () => void): void {
    this.#onCalm.add(run)
  }

  /** From now on nothing goes wrong. What was late comes, what was frozen or had died goes on. */
  calm(): void {
    for (const run of this.#onCalm) run()
    this.#calm = true
    this.hurry()
  }

  /** Trouble again. */
  wild(): void {
    this.#calm = false
  }

  /** What happened, the most frequent first; to print beside the seed. */
  report(): string {
    const entries = [...this.counts].sort((a, b) => b[1] - a[1])
    return entries.map(([fault, count]) => `${fault} ${count}`).join(', ')
  }
}
