import { join } from 'node:path'
import { controlServices, type ServiceControl } from '../../../../scripts/services/control.ts'
import { type Addresses, type Service, services, writeJson } from '../../../../scripts/services/set.ts'
import { removeSet, startServices } from '../../../../scripts/services/start.ts'

/** Services that a test may kill, since nobody else stands on them. */
export interface OwnServices extends AsyncDisposable {
  /** The file of their addresses. */
  readonly file: string
  readonly addresses: Addresses
  readonly control: ServiceControl
}

export async function startOwnServices(nodes: 1 | 3, only: readonly Service[] = services): Promise<OwnServices> {
  const { set, addresses } = await startServices({
    only,
    nodes,
    cassandraHeap: '256m',
    mayInstall: false,
    log: () => {},
  })
  const file = join(set.dir, 'services.json')
  writeJson(file, addresses)
  return { file, addresses, control: controlServices(file), [Symbol.asyncDispose]: () => removeSet(set) }
}
