import { freePorts } from './free-ports.ts'
import type { Plan, Site } from './plan.ts'

/** Without snapshots: whatever Redis holds here may be lost at any time, and a restart that forgets is what tests want. */
export async function planRedis({ programs, folder }: Site): Promise<Plan> {
  const [port] = (await freePorts(1)) as [number]
  const dir = folder('redis')
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no']
  return {
    addresses: { redis: { host: '127.0.0.1', port } },
    processes: [
      {
        name: 'redis',
        command: programs.redis as string,
        args: [...args, '--protected-mode', 'no', '--maxclients', '2000'],
        ready: { kind: 'redis', port },
        quit: 'SIGKILL',
      },
    ],
  }
}
