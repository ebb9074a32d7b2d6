import type { Service } from '../../../scripts/services/set.ts'

/** Some tests, small enough to run once for each sabotage. */
export interface Suite {
  readonly files: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Only tests whose name matches. */
  readonly pattern?: string
  /** A test that waits for longer has failed; for tests that wait for ever when they notice something. */
  readonly testTimeoutMs?: number
  /** Where the file systems of one's own that it needs cannot be had, it proves nothing. */
  readonly needsRoot?: boolean
  /** Real services, started for as long as it is tried; without what they need, it proves nothing. */
  readonly needs?: readonly Service[]
}

const allSuites = {
  'badge cache': { files: ['server/test/invariants/badge-is-never-behind.test.ts'] },
  'full pages': { files: ['server/test/invariants/pages-fill-themselves-up.test.ts'] },
  'kept pages': { files: ['server/test/invariants/kept-pages-are-fresh.test.ts'] },
  'kept heads': { files: ['server/src/engines/sqlite/kept-heads.test.ts'] },
  ghosts: { files: ['server/test/invariants/ghosts-stay-out.test.ts'] },
  views: { files: ['server/test/invariants/views-equal-plain-fold.test.ts'] },
  'full disk': { files: ['server/src/engines/sqlite/full-disk.test.ts'], pattern: 'An append to a full disk' },
  fold: { files: ['server/test/invariants/fold-equals-plain-fold.test.ts'] },
  hostile: { files: ['server/test/invariants/hostile-memory.test.ts'], env: { HEADWATER_SEEDS: '5' } },
  'hostile sqlite': { files: ['server/test/invariants/sqlite-hostile.test.ts'], env: { HEADWATER_SEEDS: '10' } },
  power: {
    files: ['server/test/power/power-cut.test.ts'],
    env: { HEADWATER_POWER_CUTS: '10' },
    pattern: 'power is cut \\(.*loses nothing',
    needsRoot: true,
  },
  checkers: { files: ['server/test/checkers/concurrent-run.test.ts'], env: { HEADWATER_KILLS: '1' } },
  ingest: { files: ['server/src/activity/ingest.test.ts'] },
  badge: { files: ['server/test/invariants/badge-equals-recount.test.ts'] },
  realtime: { files: ['server/test/journeys/realtime.test.ts'] },
  'group store': { files: ['server/src/engines/sqlite/group-store.test.ts'] },
  'read marks': { files: ['server/src/engines/sqlite/read-marks.test.ts'] },
  cursors: { files: ['server/src/http/cursor.test.ts'] },
  idempotency: { files: ['server/src/http/idempotency.test.ts'] },
  sockets: { files: ['server/src/gateway/ws.test.ts'], pattern: 'W01', testTimeoutMs: 15_000 },
  'slow clients': { files: ['server/src/gateway/slow.test.ts'] },
  starts: { files: ['server/src/gateway/starts.test.ts'] },
  'other users': { files: ['server/test/security/other-users.test.ts'] },
  revocation: { files: ['server/test/security/revocation.test.ts'] },
  tickets: { files: ['server/src/access/access.test.ts'], pattern: 'ticket' },
  poison: { files: ['server/src/activity/poison.test.ts'] },
  'kafka producer': { files: ['server/src/engines/kafka/producer.test.ts'] },
  'groups on cassandra': {
    files: ['server/src/engines/cassandra/groups.test.ts'],
    pattern: 'lost|contend|erased by another',
    testTimeoutMs: 60_000,
    needs: ['cassandra'],
  },
  'sets on redis': { files: ['server/src/engines/redis/unread-sets.test.ts'], needs: ['redis'] },
  'client backoff': { files: ['client/src/backoff.test.ts'] },
  'client http': { files: ['client/src/http.test.ts'], testTimeoutMs: 15_000 },
} satisfies Record<string, Suite>

export type SuiteName = keyof typeof allSuites

export const suites: Readonly<Record<SuiteName, Suite>> = allSuites
