import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverFlags } from '../../server/bin/pinned-node.mjs'
import { Child } from './child.ts'

export const apiKey = 'the-api-key-of-the-benchmarks'
export const tokenSecret = 'the token secret of the benchmarks, 32 bytes or more'

/** A folder on the disk that `TMPDIR` names, gone with the benchmark. */
export class Folder implements Disposable {
  readonly path: string

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}

export interface HeadwaterReady {
  readonly url: string
  /** From the call of `start` until requests are answered. */
  readonly readyMs: number
  /** From the start of the process. */
  readonly sinceProcessStartMs: number
}

/** A server in a process of its own, with rate limits off and everything else as it comes; `settings` by their keys. */
export function startHeadwater(
  folder: string,
  settings: Readonly<Record<string, string | number>> = {},
  nodeFlags: readonly string[] = [],
): Promise<Child<HeadwaterReady>> {
  const given = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const flags = [...serverFlags, ...nodeFlags]
  return Child.start(new URL('./headwater-program.ts', import.meta.url), [folder, ...given], flags)
}

/** What a server tells of itself at `/metrics`: the sum over all labels of each name. */
export async function metricsOf(url: string): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${apiKey}` } })
  const sums = new Map<string, number>()
  for (const line of (await answer.text()).split('\n')) {
    const match = /^(\w+)(?:\{[^}]*\})? (\S+)$/.exec(line)
    if (match) sums.set(match[1]!, (sums.get(match[1]!) ?? 0) + Number(match[2]))
  }
  return sums
}
