/** A journey or invariant of `startHeadwater` that does not run on the engines of a cluster, and why. */
export interface NotOnCluster {
  readonly file: string
  readonly test: string
  readonly reason: string
  /** The long run has it all the same. */
  readonly takesLong?: boolean
}

const journey = 'server/test/journeys'
const invariant = 'server/test/invariants'

export const notOnCluster: readonly NotOnCluster[] = [
  {
    file: `${journey}/retention.test.ts`,
    test: 'No TTL: after 97 days housekeeping drops the rows, and clients of before hear of it',
    reason: 'rows in Cassandra expire by the time that passes there, not by a clock that is moved on',
  },
  {
    file: `${journey}/retention.test.ts`,
    test: 'Disk grows for ever: after 97 days nothing of a group is left on the disk',
    reason: 'looks into a SQLite file; it does not start a server on other engines',
  },
  {
    file: `${invariant}/memory-returns.test.ts`,
    test: 'what the windows weighed is given back when they have passed',
    reason: 'weighs the memory of a server on SQLite; it does not start one on other engines',
  },
  {
    file: `${invariant}/memory-returns.test.ts`,
    test: 'a hundred thousand groups of a thousand users: open for five minutes, then none',
    reason: 'windows are the same on every engine, and so many rows take minutes',
  },
  {
    file: `${invariant}/kept-pages-are-right.test.ts`,
    test: 'a page that was kept is what a page made anew would be, whatever happened since',
    reason: 'pages are kept only where one process makes all writes',
  },
  {
    file: `${invariant}/exact-then-estimate.test.ts`,
    test: 'a group counts a hundred thousand actors exactly, and estimates beyond',
    reason: 'the estimate begins in the same fold on every engine, and so many rows take minutes',
    takesLong: true,
  },
]

export const leftOut = (isLong: boolean): readonly NotOnCluster[] =>
  notOnCluster.filter(({ takesLong }) => !(isLong && takesLong))

/** For `--test-skip-pattern`. */
export const patternOf = ({ test }: NotOnCluster): string => `/^${test.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$/`
