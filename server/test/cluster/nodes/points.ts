/** Failpoints that a cluster passes: between any two effects of a worker and of an API. */
export const workerPoints: readonly string[] = [
  'aggregate.folded',
  'flush.indexed',
  'flush.groups',
  'flush.members',
  'flush.heads',
  'flush.written',
  'flush.counted',
  'flush.published',
  'aggregate.committed',
]

/** Tried with `npm run test:long` as well. */
export const moreWorkerPoints: readonly string[] = [
  'aggregate.polled',
  'flush.marks',
  'flush.queued',
  'flush.traced',
  'fold.actor-out',
  'fold.members-erased',
  'fold.marks-erased',
  'fold.user-erased',
]

export const apiPoints: readonly string[] = [
  'ingest.before-append',
  'ingest.after-append',
  'mark.after-append',
  'delete.after-tombstone',
]

export const moreApiPoints: readonly string[] = [
  'mark.before-append',
  'mark.after-raise',
  'delete.after-append',
  'erase.before-append',
  'erase.after-append',
]
