import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { refusal } from './sqlite-errors.ts'

/**
 * A backup is one file: a SQLite database, a line of JSON that says what it is, and a line with the SHA-256 of all bytes
 * before. Because the two lines come last, `tail -n 2` shows them, SQLite opens the file as it is, and
 * a file that was cut off anywhere has no checksum.
 */
export interface BackupInfo {
  /** Of this layout. */
  readonly format: 1
  /** When the copy was begun: everything that was acknowledged before is in it. ISO 8601, UTC. */
  readonly created_at: string
  /** Version of the program that wrote the backup. */
  readonly headwater: string
  /** Number of the newest migration of the database. */
  readonly schema: number
  readonly epoch: number
  readonly epoch_name: string
  /** Of the log: the oldest offset that is kept, below which all is folded, and one past the newest. */
  readonly partitions: readonly {
    readonly partition: number
    readonly start: number
    readonly committed: number
    readonly end: number
  }[]
  readonly database_bytes: number
}

export type OnBytes = (done: number, total: number) => void

const formatNow = 1
const checksumLine = /^[0-9a-f]{64}\n$/
const checksumLineBytes = 65
/** The line of JSON is far shorter: 512 partitions take 40 KiB. */
const infoLineBytesMax = 256 * 1024

/** Appends the two lines to a database file and syncs it. */
export async function sealBackup(path: string, info: BackupInfo, onBytes: OnBytes): Promise<string> {
  const hash = createHash('sha256')
  let done = 0
  for await (const chunk of createReadStream(path, { highWaterMark: readBytes }) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    done += chunk.byteLength
    onBytes(done, info.database_bytes)
  }
  if (done !== info.database_bytes) throw refusal('The copy changed while its checksum was made')
  const line = `\n${JSON.stringify(info)}\n`
  const checksum = hash.update(line).digest('hex')
  await using file = await open(path, 'a')
  await file.write(`${line}${checksum}\n`)
  await file.sync()
  return checksum
}

/** Reads a whole backup and says what it is; refuses one that is not as it was written. */
export async function readBackup(path: string, onBytes: OnBytes): Promise<BackupInfo> {
  await using file = await openBackup(path)
  const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
  if (!isFile) throw refusal('The backup is not a file')
  const checksum = await textAt(file, size - checksumLineBytes, size)
  if (!checksumLine.test(checksum)) throw refusal(`${notWhole}: its end is missing`)
  const hashed = size - checksumLineBytes
  const hash = createHash('sha256')
  let done = 0
  for await (const chunk of chunksOf(file, 0, hashed)) {
    hash.update(chunk)
    done += chunk.byteLength
    onBytes(done, hashed)
  }
  if (`${hash.digest('hex')}\n` !== checksum) throw refusal(`${notWhole}: its checksum is another one`)
  return infoOf(await textAt(file, hashed - infoLineBytesMax, hashed), hashed)
}

/** The bytes of the database in a backup. */
export async function* databaseOf(path: string, info: BackupInfo): AsyncGenerator<Buffer> {
  await using file = await openBackup(path)
  yield* chunksOf(file, 0, info.database_bytes)
}

const notWhole = 'The backup is damaged or not a backup of Headwater, and nothing was restored'
const readBytes = 1024 * 1024

async function openBackup(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw refusal('There is no such backup')
    throw refusal('The backup cannot be read', error)
  }
}

async function* chunksOf(file: FileHandle, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(readBytes, to - at)), { position: at })
    if (bytesRead === 0) throw refusal(`${notWhole}: it became shorter while it was read`)
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function textAt(file: FileHandle, from: number, to: number): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of chunksOf(file, Math.max(0, from), Math.max(0, to))) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

/** Whose checksum is right is as its writer made it: what does not fit is a layout of the future. */
function infoOf(tail: string, hashed: number): BackupInfo {
  const line = tail.trimEnd().split('\n').at(-1) ?? ''
  const info = parsed(line)
  if (info?.format !== formatNow) {
    throw refusal('The backup has a layout that this Headwater does not know: restore it with the one that wrote it')
  }
  if (info.database_bytes + line.length + 2 !== hashed) throw refusal(notWhole)
  return info
}

function parsed(line: string): BackupInfo | undefined {
  try {
    return JSON.parse(line) as BackupInfo
  } catch {
    return undefined
  }
}
