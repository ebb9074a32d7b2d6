import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/**
 * Ports that nobody listens on, from below the range that outgoing connections get theirs from: a service that is
 * killed and started again must find its port free, and a client's socket would keep it taken.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const below = Math.min(firstOutgoing(), 32_768)
  const found = new Set<number>()
  for (let attempts = 0; found.size < count; attempts += 1) {
    if (attempts > 1000) throw new Error(`no ${count} free ports on ${host} between 12000 and ${below}`)
    const port = 12_000 + Math.floor(Math.random() * (below - 12_000))
    if (!found.has(port) && (await isFree(port, host))) found.add(port)
  }
  return [...found]
}

/** Where the range of outgoing connections begins. */
function firstOutgoing(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0])
  } catch {
    return 32_768
  }
}

export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
