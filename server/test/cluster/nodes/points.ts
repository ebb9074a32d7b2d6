/** Failpoints that a cluster passes: between the effects of a worker, and between those of an API. */
export const workerPoints: readonly string[] = [
  'aggregate.folded',
  'flush.groups',
  'flush.heads',
  'flush.counted',
  'aggregate.committed',
]

export const apiPoints: readonly string[] = ['ingest.after-append', 'mark.after-append']

/** Tried with `npm run test:long` as well. */
export const moreWorkerPoints: readonly string[] = [
  'aggregate.polled',
  'flush.indexed',
  'flush.members',
  'flush.marks',
  'flush.written',
  'flush.published',
  'flush.queued',
  'flush.traced',
  'fold.actor-out',
  'fold.members-erased',
  'fold.marks-erased',
  'fold.user-erased',
]

export const moreApiPoints: readonly string[] = [
  'ingest.before-append',
  'mark.before-append',
  'mark.after-raise',
  'delete.after-tombstone',
  'delete.after-append',
  'erase.before-append',
  'erase.after-append',
]
