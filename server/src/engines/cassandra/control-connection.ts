import type { Client } from 'cassandra-driver'

interface Connection {
  close(): void
}

/** What the driver, of the very version that package.json names, does not declare of its control connection. */
interface Control {
  readonly hosts: { get(endpoint: string): unknown }
  readonly host: { setUp(endsRetries: boolean): void } | null
  readonly connection: Connection | null
  _refresh(hosts?: Iterator<unknown>): Promise<void>
  _initializeConnection(): Promise<void>
  _setLocalInfo(isNew: boolean, isCurrent: boolean, to: Connection & { endpoint: string }, result: unknown): void
  _createConnection(endpoint: string): Promise<Connection>
}

export interface DriverClient {
  readonly client: Client
  /** Lets go of everything; what is under way to a node that says nothing ends within the driver's patience of seconds. */
  close(): Promise<void>
}

/**
 * The driver follows the cluster through one connection. When no node can be reached it begins as if it were new, and then
 * each outage leaves more behind: it makes another host of a node that it knows and forgets the old one, which keeps its
 * timers and reconnects for ever, also after the client was shut down, and still gets the requests of the tokens that it
 * had; it listens twice to the connection, so that the next outage is answered by two attempts that step on each other;
 * and it keeps connections open that did not get through the start. So a node that is known is kept, one attempt is made
 * at a time, and what did not become the connection is closed.
 */
export function withOneControl(client: Client): DriverClient {
  const control = (client as unknown as { controlConnection: Control }).controlConnection
  const { _refresh, _initializeConnection, _setLocalInfo, _createConnection } = control
  const tried = new Set<Connection>()
  let refreshing: Promise<void> | null = null
  let isClosed = false

  control._refresh = (hosts) => {
    // The driver hands over the rest of the hosts where an attempt goes on.
    if (hosts) return _refresh.call(control, hosts)
    refreshing ??= _refresh.call(control).finally(() => {
      refreshing = null
    })
    return refreshing
  }

  control._initializeConnection = async () => {
    tried.clear()
    let kept: Connection | null = null
    try {
      await _initializeConnection.call(control)
      kept = control.connection
      // The pool of a host that was down has its connection now, and would not look further.
      control.host?.setUp(true)
    } finally {
      for (const connection of tried) if (connection !== kept) connection.close()
    }
  }

  control._setLocalInfo = (isNew, isCurrent, to, result) =>
    _setLocalInfo.call(control, isNew && !control.hosts.get(to.endpoint), isCurrent, to, result)

  control._createConnection = async (endpoint) => {
    if (isClosed) throw new Error('the client is closed')
    const connection = await _createConnection.call(control, endpoint)
    tried.add(connection)
    if (isClosed) connection.close()
    return connection
  }

  return {
    client,
    async close() {
      isClosed = true
      await client.shutdown()
      for (const connection of tried) connection.close()
    },
  }
}
