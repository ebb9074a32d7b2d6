import { rm } from 'node:fs/promises'

export function clear(path: string) {
  rm(path)
}
