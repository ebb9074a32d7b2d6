import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { systemPath } from './needs-root.ts'

/**
 * An ext4 file system in a file. Whatever the kernel has handed to the loop device stands in that file; what a program
 * has written and not synced stands in memory only. So a copy of the file is the disk as a power cut leaves it.
 */
export class ImageDisk implements Disposable {
  readonly #folder: string
  readonly #image: string
  readonly #device: string
  /** Where it is mounted. */
  readonly path: string

  private constructor(folder: string, image: string) {
    this.#folder = folder
    this.#image = image
    this.path = join(folder, 'disk')
    mkdirSync(this.path)
    run('mount', '-o', 'loop', image, this.path)
    this.#device = basename(run('findmnt', '--noheadings', '--output', 'SOURCE', this.path).trim())
  }

  static make(bytes: number): ImageDisk {
    return ImageDisk.#mounted((image) => {
      writeFileSync(image, '')
      truncateSync(image, bytes)
      run('mkfs.ext4', '-q', '-J', 'size=4', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image)
    })
  }

  /** The disk as it is after the power came back. Whoever writes to this one must stand still meanwhile. */
  afterPowerCut(): ImageDisk {
    return ImageDisk.#mounted((copy) => {
      // The kernel writes by itself as well. A copy that it wrote into would be no moment that ever was.
      for (;;) {
        const before = this.#writes()
        run('cp', '--sparse=always', this.#image, copy)
        if (this.#writes() === before) return
      }
    })
  }

  /** As after a write that failed for good: the kernel lets nobody write any more. */
  abort(): void {
    run('mount', '-o', 'remount,abort', this.path)
  }

  remount(how: 'ro' | 'rw'): void {
    run('mount', '-o', `remount,${how}`, this.path)
  }

  [Symbol.dispose](): void {
    run('umount', '--lazy', this.path)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  static #mounted(write: (image: string) => void): ImageDisk {
    const folder = mkdtempSync(join(roomyFolder(), 'headwater-disk-'))
    try {
      const image = join(folder, 'image')
      write(image)
      return new ImageDisk(folder, image)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Writes that the device has done and has under way (the fields are explained in the kernel's Documentation/block/stat). */
  #writes(): string {
    const fields = readFileSync(`/sys/block/${this.#device}/stat`, 'utf8').trim().split(/\s+/)
    return `${fields[4]} done, ${fields[8]} under way, ${fields[11]} discarded`
  }
}

const roomyBytes = 2 ** 30

/** In memory where there is room: copies are made often. */
function roomyFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize >= roomyBytes) return '/dev/shm'
  } catch {
    // None here.
  }
  return tmpdir()
}

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, PATH: systemPath } })
