import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes a rename in a folder outlast a power cut. Where folders cannot be opened (Windows) the file system sees to it. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
