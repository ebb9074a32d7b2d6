import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'

const headerBytes = 32
const frameHeaderBytes = 24
const isLittleEndian = endianness() === 'LE'

/**
 * SQLite takes the first frame of a write-ahead log whose checksum is wrong for its end, and the next write goes over what
 * comes after. That is right for a commit that was cut off. But a commit is only begun once the one before it was synced,
 * so a cut leaves no more than one commit behind the end: more of them were acknowledged, and can no longer be read.
 *
 * Gives how many commits stand behind the last frame that SQLite reads. A connection must have read something before: the
 * shared-memory file then says which frame that is (sqlite.org/walformat.html).
 */
export function commitsBehindEnd(databasePath: string, pageBytes: number): number {
  using wal = openToRead(`${databasePath}-wal`)
  using memory = openToRead(`${databasePath}-shm`)
  const framesRead = memory?.at(16, 4)?.getUint32(0, isLittleEndian)
  const header = wal?.at(0, headerBytes)
  const first = wal?.at(headerBytes, frameHeaderBytes)
  if (!wal || framesRead === undefined || !header || !first) return 0

  // The header is synced before the first frame is written: a broken one was that of the frames behind it.
  const salt = isSound(header) ? header.getBigUint64(16) : first.getBigUint64(8)
  let commits = 0
  for (let n = framesRead; ; n++) {
    const frame = wal.at(headerBytes + n * (frameHeaderBytes + pageBytes), frameHeaderBytes)
    if (!frame) return commits
    // Frames with another salt are from before the log was last begun anew.
    const isOfThisLog = frame.getBigUint64(8) === salt
    // The frame that ends a commit says how many pages the database then has.
    if (isOfThisLog && frame.getUint32(4) > 0) commits++
  }
}

/** Its lowest bit tells in which byte order the checksums are made. */
const magic = 0x377f0682

function isSound(header: DataView): boolean {
  const isChecksumLittleEndian = header.getUint32(0) === magic
  if (!isChecksumLittleEndian && header.getUint32(0) !== magic + 1) return false
  let a = 0
  let b = 0
  for (let at = 0; at < 24; at += 8) {
    a = (a + header.getUint32(at, isChecksumLittleEndian) + b) >>> 0
    b = (b + header.getUint32(at + 4, isChecksumLittleEndian) + a) >>> 0
  }
  return header.getUint32(24) === a && header.getUint32(28) === b
}

interface OpenFile extends Disposable {
  /** Nothing where the file is not that long. */
  at(position: number, bytes: number): DataView | undefined
}

function openToRead(path: string): OpenFile | undefined {
  try {
    const file = openSync(path, 'r')
    return {
      at(position, bytes) {
        const view = new DataView(new ArrayBuffer(bytes))
        return readSync(file, view, 0, bytes, position) === bytes ? view : undefined
      },
      [Symbol.dispose]: () => closeSync(file),
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
