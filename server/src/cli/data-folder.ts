import { resolve } from 'node:path'
import type { Settings } from '../config/schema.ts'
import { type Call, CommandFailure, UsageError } from './command.ts'

/** The data directory of a call whose command works on what is there; refused when nothing is, and nothing is made. */
export async function dataFolderOf({ io }: Call, { data, engine }: Settings): Promise<string> {
  const dir = resolve(io.cwd, data.dir)
  if (engine !== 'embedded') return dir
  const { hasDatabase } = await import('../backup.ts')
  if (!hasDatabase(dir)) {
    throw new UsageError(`there is no database in ${dir}; --data names the data directory of a server`)
  }
  return dir
}

/** A data directory of before may still be there: what is in it is not what the servers of a cluster have. */
export function refuseCluster({ engine }: Settings): void {
  if (engine === 'embedded') return
  throw new CommandFailure('a cluster has its data in Cassandra and PostgreSQL: use the tools of these for it')
}
