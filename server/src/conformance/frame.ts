import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Seams } from '../lib/seams.ts'
import { systemScheduler, systemSeams } from '../lib/system-seams.ts'
import { type VirtualTime, virtualSeams } from '../lib/virtual-seams.ts'
import type { UserId } from '../model/ids.ts'

/**
 * The frame of the conformance suites. A suite says what a port promises; an engine runs it:
 *
 *     runSuite(groupStoreSuite, { engine: 'mine', open: (namespace, seams) => openMine(namespace, seams) })
 *
 * Suites know nothing of the engine: no case assumes speed, each has a namespace of its own, and waiting is either the
 * await of a port call or a bounded `eventually`. Suites need the packages node:test and fast-check.
 */

/** What one case does; it rejects when the promise is broken. */
export type Case<Port extends AsyncDisposable> = (t: CaseContext<Port>) => Promise<void>

export interface SuiteCases<Port extends AsyncDisposable> {
  /** One case per promise above the port; the key is the sentence, to the letter. */
  readonly promises: Readonly<Record<string, Case<Port>>>
  /** What the types and comments of the port say besides. */
  readonly also?: Readonly<Record<string, Case<Port>>>
  /** Random operations: the engine and a small model agree. */
  readonly model: Case<Port>
}

export interface Suite<Port extends AsyncDisposable> extends SuiteCases<Port> {
  /** The port's file name. */
  readonly name: string
}

export function defineSuite<Port extends AsyncDisposable>(name: string, cases: SuiteCases<Port>): Suite<Port> {
  return { name, ...cases }
}

/** The promise sentences that a suite checks, to compare with the comment above the port. */
export const promisesOf = (suite: { readonly promises: Readonly<Record<string, unknown>> }): readonly string[] =>
  Object.keys(suite.promises)

/** How a suite reaches an engine. */
export interface Harness<Port extends AsyncDisposable> {
  /** Shown in the names of the tests. */
  readonly engine: string
  /**
   * Opens the engine on the storage that belongs to the namespace (lower-case letters, digits and `_`, at most 40). It is
   * called again for the same namespace, while an earlier one is open (a second server) and after it was closed.
   */
  open(namespace: string, seams: Seams): Promise<Port>
  /** Removes what a namespace holds; called when its case has ended. */
  drop?(namespace: string): Promise<void>
  /** Accidents that a suite cannot cause through the port. */
  readonly disturb?: Readonly<Partial<Record<Disturbance, (namespace: string) => Promise<void>>>>
  /** `virtual` (default): time stands still and is moved by the suite. `system`: real time, for engines behind a network. */
  readonly time?: 'virtual' | 'system'
  /** How many random runs the model test makes. Default 60. */
  readonly modelRuns?: number
}

/**
 * `loseLog`: the log, closed, comes back without its records or with other partitions. `breakPubSub`: connections of all
 * subscriptions break and are mended.
 */
export type Disturbance = 'loseLog' | 'breakPubSub'

export interface SuiteOptions {
  /** Promises that the engine cannot keep, by sentence or case name, each with the reason. They are shown, not run. */
  readonly unable?: Readonly<Record<string, string>>
}

/** What a case is given. */
export interface CaseContext<Port extends AsyncDisposable> {
  /** Opens the engine on the storage of this case. What is still open at the end is closed. */
  open(): Promise<Port>
  /** Closes a port and opens it again on the same storage. */
  reopen(port: Port): Promise<Port>
  /** A user that nobody else has. */
  user(): UserId
  readonly seams: Seams
  /** Lets time pass. */
  pass(ms: number): Promise<void>
  /** Asks again, while time passes, until the answer is neither `undefined` nor `false`; fails after two minutes. */
  eventually<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T>
  disturb(accident: Disturbance): Promise<void>
  readonly modelRuns: number
}

/** Declares the tests of a suite for one engine. */
export function runSuite<Port extends AsyncDisposable>(
  suite: Suite<Port>,
  harness: Harness<Port>,
  options: SuiteOptions = {},
): void {
  const cases: Record<string, Case<Port>> = {
    ...suite.promises,
    ...suite.also,
    'Random operations agree with the model.': suite.model,
  }
  for (const name of Object.keys(options.unable ?? {})) {
    assert(name in cases, `${suite.name} has no case named "${name}"`)
  }
  describe(`${suite.name} on ${harness.engine}`, () => {
    for (const [name, run] of Object.entries(cases)) {
      const reason = options.unable?.[name]
      if (reason === undefined) test(name, { timeout: caseTimeoutMs }, () => runCase(run, harness))
      else test(name, { skip: `${harness.engine} cannot: ${reason}` })
    }
  })
}

const caseTimeoutMs = 300_000
const patienceMs = 120_000
const pollMs = 50
const runId = Buffer.from(systemSeams.random.bytes(4)).toString('hex')
let namespaces = 0
let users = 0

/** Runs one case on a namespace of its own. */
export async function runCase<Port extends AsyncDisposable>(run: Case<Port>, harness: Harness<Port>): Promise<void> {
  const namespace = `hw_${runId}_${++namespaces}`
  try {
    if (harness.time === 'system') {
      await inContext(run, harness, namespace, systemSeams, (ms) => systemScheduler.sleep(ms))
    } else {
      const seams = virtualSeams({ seed: namespaces })
      const pass = async (ms: number) => {
        seams.time.advance(ms)
        await systemScheduler.sleep(0)
      }
      await driven(seams.time, inContext(run, harness, namespace, seams, pass))
    }
  } finally {
    await harness.drop?.(namespace)
  }
}

async function inContext<Port extends AsyncDisposable>(
  run: Case<Port>,
  harness: Harness<Port>,
  namespace: string,
  seams: Seams,
  pass: (ms: number) => Promise<void>,
): Promise<void> {
  const opened = new Set<Port>()
  const close = async (port: Port) => {
    if (opened.delete(port)) await port[Symbol.asyncDispose]()
  }
  const open = async () => {
    const port = await harness.open(namespace, seams)
    opened.add(port)
    return port
  }
  try {
    await run({
      open,
      async reopen(port) {
        await close(port)
        return open()
      },
      user: () => `user-${runId}-${++users}`,
      seams,
      pass,
      async eventually(what, ask) {
        const started = seams.clock.monotonic()
        for (;;) {
          const answer = await ask()
          if (answer !== undefined && answer !== false) return answer
          assert(seams.clock.monotonic() - started < patienceMs, `waited in vain: ${what}`)
          await pass(pollMs)
        }
      },
      async disturb(accident) {
        const cause = harness.disturb?.[accident]
        assert(cause, `this case needs the disturbance ${accident} of the harness; list it as unable if there is none`)
        await cause(namespace)
      },
      modelRuns: harness.modelRuns ?? 60,
    })
  } finally {
    for (const port of opened) await close(port)
  }
}

/**
 * Keeps virtual time moving while a case runs, so that a port call that waits for a timer comes back: about twenty times
 * as fast as real time and only when a timer waits, which leaves calls that really take a moment the time to end.
 */
async function driven(time: VirtualTime, run: Promise<void>): Promise<void> {
  let running = true
  const ended = run.finally(() => {
    running = false
  })
  ended.catch(() => {})
  while (running) {
    await Promise.race([ended.catch(() => {}), systemScheduler.sleep(1)])
    const next = time.nextIn
    if (running && next !== undefined) time.advance(Math.min(next, 20))
  }
  await ended
}
