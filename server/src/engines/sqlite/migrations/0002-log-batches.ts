/**
 * Events come in many at a time, and what a row costs is for the most part the row: records of a partition that were
 * appended together are one. Rows that are there hold one record each and stay as they are.
 */
export const logBatches = {
  number: 2,
  name: 'log batches',
  sql: `
-- null: one record, of user_id; else a list of [user, bytes] for the records from position on, whose values lie in value
-- one behind the other, and user_id is that of the first
ALTER TABLE log ADD COLUMN batch TEXT;
`,
} as const
