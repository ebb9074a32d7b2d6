/** What somebody did before they were erased is told from what is done under the same id afterwards by where it is in the log. */
export const erasurePositions = {
  number: 3,
  name: 'erasure positions',
  sql: `
-- a list of the next position of each partition as it was when the user was erased; null: not known
ALTER TABLE erasures ADD COLUMN before_seqs TEXT;
`,
} as const
