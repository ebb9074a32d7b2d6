/** Records that nobody can fold are set aside here; a log of before keeps none of them. */
export const parkedRecords = {
  number: 4,
  name: 'parked records',
  sql: `
CREATE TABLE parked_records (
  -- in the order in which they were parked
  id          INTEGER PRIMARY KEY,
  epoch       INTEGER NOT NULL,
  -- as in the log
  position    INTEGER NOT NULL,
  user_id     TEXT NOT NULL,
  appended_at INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  parked_at   INTEGER NOT NULL,
  value       BLOB NOT NULL,
  UNIQUE (epoch, position)
) STRICT;
`,
} as const
