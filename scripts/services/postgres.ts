// PostgreSQL, and PgBouncer in front of it in transaction mode. Both refuse root.
import { spawnSync } from 'node:child_process'
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { unprivileged } from './packages.ts'
import type { Plan, Site } from './plan.ts'
import { ServicesError, type SqlAddress, type User } from './set.ts'

const user = 'headwater'

export async function planPostgres({ programs, folder }: Site): Promise<Plan> {
  const [port, bouncerPort] = (await freePorts(2)) as [number, number]
  const account = unprivileged()
  const dir = folder('postgres')
  const bouncer = folder('pgbouncer')
  const own = (path: string): void => account && chownSync(path, account.uid, account.gid)
  own(dir)
  own(bouncer)

  const data = join(dir, 'data')
  initialise(programs.postgres as string, data, account)
  writeFileSync(join(data, 'postgresql.conf'), postgresConfig(port))
  writeFileSync(join(bouncer, 'pgbouncer.ini'), bouncerConfig(port, bouncerPort))
  own(join(bouncer, 'pgbouncer.ini'))

  // initdb makes this database, so that no client has to make one after each start.
  const postgres: SqlAddress = { host: '127.0.0.1', port, user, database: 'postgres' }
  const pgbouncer: SqlAddress = { ...postgres, port: bouncerPort }
  const as = account === undefined ? {} : { user: account }
  return {
    addresses: { postgres, pgbouncer },
    processes: [
      {
        name: 'postgres',
        command: join(programs.postgres as string, 'postgres'),
        args: ['-D', data],
        ready: { kind: 'postgres', port, user, database: postgres.database },
        quit: 'SIGQUIT',
        ...as,
      },
      {
        name: 'pgbouncer',
        command: programs.pgbouncer as string,
        args: [join(bouncer, 'pgbouncer.ini')],
        ready: { kind: 'postgres', port: bouncerPort, user, database: postgres.database },
        quit: 'SIGTERM',
        ...as,
      },
    ],
  }
}

function initialise(bin: string, data: string, account: User | undefined): void {
  const args = ['-D', data, '-U', user, '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8']
  const result = spawnSync(join(bin, 'initdb'), args, { ...account, encoding: 'utf8', cwd: '/' })
  if (result.status !== 0) throw new ServicesError(`initdb failed:\n${result.stdout}${result.stderr}`)
}

/** Safe as a real one: the server refuses to start on `fsync = off`, also when somebody only tries it out. */
function postgresConfig(port: number): string {
  return `listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 32MB
max_wal_size = 256MB
autovacuum_naptime = 30s
dynamic_shared_memory_type = mmap
`
}

/** PgBouncer 1.18 refuses start-up parameters it does not follow, and several drivers send these two. */
function bouncerConfig(port: number, listen: number): string {
  return `[databases]
* = host=127.0.0.1 port=${port} user=${user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 20
server_login_retry = 1
ignore_startup_parameters = extra_float_digits,options
`
}
