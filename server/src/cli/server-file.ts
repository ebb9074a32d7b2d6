import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../lib/make-folder.ts'

/** Where a running server tells the other commands its address: with port 0 nobody else could know. */
const pathIn = (dir: string): string => join(dir, 'server.json')

/** False where it cannot be written: a server of a cluster keeps nothing else there, and may have no place to write to. */
export function writeServerFile(dir: string, url: string): boolean {
  try {
    makeFolder(dir)
    writeFileSync(pathIn(dir), `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 })
    return true
  } catch {
    return false
  }
}

export function readServerFile(dir: string): { readonly url: string; readonly pid: number } | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(pathIn(dir), 'utf8'))
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid } : undefined
  } catch {
    // None, or half written: the configured address is used then.
    return undefined
  }
}

export function removeServerFile(dir: string): void {
  if (readServerFile(dir)?.pid === process.pid) rmSync(pathIn(dir), { force: true })
}
