import { fileURLToPath } from 'node:url'

/** The repository's root folder. Scripts work from it, wherever they were started. */
export const root = fileURLToPath(new URL('../..', import.meta.url))
