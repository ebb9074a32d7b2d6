/** Stores keep what is past retention this much longer, so that nothing vanishes under a page walk. */
export const keptBehindRetentionDays = 7
