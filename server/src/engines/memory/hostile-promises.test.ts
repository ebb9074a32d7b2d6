import {
  deviceStoreSuite,
  eventLogSuite,
  groupStoreSuite,
  idempotencyStoreSuite,
  memberStoreSuite,
  objectIndexSuite,
  offlineQueueSuite,
  pubSubSuite,
  readMarksSuite,
  revocationStoreSuite,
  runSuite,
  type Suite,
  sessionRegistrySuite,
  traceStoreSuite,
  unreadSetsSuite,
  usedTicketsSuite,
  userStoreSuite,
} from '../../conformance/suite.ts'
import type { Seams } from '../../lib/seams.ts'
import type { Ports } from '../../ports/ports.ts'
import { loseRecords } from './event-log-state.ts'
import { type HostileEngineSettings, HostileWorld, hostileEngines } from './hostile.ts'
import type { FaultRates } from './hostile-world.ts'
import { breakSubscriptions } from './pub-sub.ts'
import { createMemoryStorage, type MemoryStorage } from './storage.ts'

// A hostile engine keeps the promises, or what fails on it proves nothing. Faults that a suite could not tell from a broken
// promise (refusals, unknown outcomes, lost messages, evictions) stay away here.

interface Run {
  readonly name: string
  readonly rates: FaultRates
  readonly settings?: HostileEngineSettings
}

const calm: Run = { name: 'a hostile engine that is calm', rates: {} }
const slow: Run = { name: 'a slow hostile engine', rates: { delay: 0.2 } }
const ordered: Run = {
  name: 'a slow hostile engine with ordered writes',
  rates: { delay: 0.2 },
  settings: { ordered: true },
}
const restless: Run = { name: 'a log whose owners change', rates: { 'log.moved': 0.1 } }

function run<Port extends AsyncDisposable>(suite: Suite<Port>, pick: (ports: Ports) => Port, ...runs: Run[]): void {
  for (const { name, rates, settings } of runs) {
    const storages = new Map<string, MemoryStorage>()
    const storageOf = (namespace: string) => {
      const storage = storages.get(namespace) ?? createMemoryStorage()
      storages.set(namespace, storage)
      return storage
    }
    runSuite(suite, {
      engine: name,
      open: async (namespace: string, seams: Seams) => {
        const world = new HostileWorld(seams, { seed: 7, rates, maxDelayMs: 5 })
        return pick(hostileEngines(storageOf(namespace), seams, world, settings).ports)
      },
      disturb: {
        loseLog: async (namespace) => loseRecords(storageOf(namespace).log),
        breakPubSub: async (namespace) => breakSubscriptions(storageOf(namespace).pubSub),
      },
      modelRuns: rates.delay ? 5 : 20,
    })
  }
}

run(eventLogSuite, (ports) => ports.log, calm)
run({ ...eventLogSuite, also: {} }, (ports) => ports.log, restless)
run(groupStoreSuite, (ports) => ports.groups, calm, slow, ordered)
run(memberStoreSuite, (ports) => ports.members, slow, ordered)
run(readMarksSuite, (ports) => ports.marks, slow, ordered)
run(objectIndexSuite, (ports) => ports.objects, slow, ordered)
run(userStoreSuite, (ports) => ports.users, slow)
run(revocationStoreSuite, (ports) => ports.revocations, slow)
run(deviceStoreSuite, (ports) => ports.devices, slow)
run(idempotencyStoreSuite, (ports) => ports.idempotency, slow)
run(traceStoreSuite, (ports) => ports.traces, slow)
run(unreadSetsSuite, (ports) => ports.unread, slow)
run(offlineQueueSuite, (ports) => ports.offline, slow)
run(pubSubSuite, (ports) => ports.pubSub, calm)
run(sessionRegistrySuite, (ports) => ports.sessions, slow)
run(usedTicketsSuite, (ports) => ports.usedTickets, slow)
