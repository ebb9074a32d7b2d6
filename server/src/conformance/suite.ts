/**
 * The conformance suites: what every engine of a port must keep, as tests. A new engine proves itself with
 *
 *     import { eventLogSuite, runSuite } from '@headwater/server/conformance'
 *
 *     runSuite(eventLogSuite, { engine: 'mine', open: (namespace, seams) => openMine({ namespace, seams }) })
 *
 * in a file that `node --test` runs; `node:test` and the package fast-check are needed. A promise that an engine cannot
 * keep is named with its reason, `runSuite(suite, harness, { unable: { 'The promise.': 'why' } })`, and shown as such.
 */

export { deviceStoreSuite } from './device-store.ts'
export { eventLogSuite } from './event-log.ts'
export * from './frame.ts'
export { groupStoreSuite } from './group-store.ts'
export { idempotencyStoreSuite } from './idempotency-store.ts'
export { memberStoreSuite } from './member-store.ts'
export { objectIndexSuite } from './object-index.ts'
export { offlineQueueSuite } from './offline-queue.ts'
export { parkedRecordsSuite } from './parked-records.ts'
export { pubSubSuite } from './pub-sub.ts'
export { readMarksSuite } from './read-marks.ts'
export { revocationStoreSuite } from './revocation-store.ts'
export { sessionRegistrySuite } from './session-registry.ts'
export { traceStoreSuite } from './trace-store.ts'
export { unreadSetsSuite } from './unread-sets.ts'
export { usedTicketsSuite } from './used-tickets.ts'
export { userStoreSuite } from './user-store.ts'
