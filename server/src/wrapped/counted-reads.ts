import type { Ports } from '../ports/ports.ts'
import { wrapMethods } from './wrapped-port.ts'

const reads: { readonly [Name in keyof Ports]?: readonly (keyof Ports[Name])[] } = {
  log: ['read'],
  groups: ['heads', 'get', 'ofKeys', 'list', 'changesSince', 'unread'],
  members: ['registers', 'list', 'countFirst', 'groupsOfActor'],
  objects: ['groups', 'targets', 'tombstones', 'newestTombstones'],
  marks: ['get', 'above', 'changesSince'],
  users: ['get'],
  devices: ['get', 'list'],
  traces: ['get'],
}

/** The same ports, telling of every read that reaches a store. Caches and hints are not stores. */
export function countReads(ports: Ports, onRead: () => void): Ports {
  const counted: Record<string, unknown> = { ...ports }
  for (const [name, methods] of Object.entries(reads))
    counted[name] = countingPort(counted[name] as object, methods, onRead)
  return counted as unknown as Ports
}

const countingPort = (port: object, methods: readonly PropertyKey[], onRead: () => void): object =>
  wrapMethods(port, (run, name) => {
    if (!methods.includes(name)) return run
    return (...given) => {
      onRead()
      return run(...given)
    }
  })
