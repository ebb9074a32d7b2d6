import { type Logger, pino } from 'pino'
import { createMask, maskFields } from './mask.ts'
import { readableLine } from './readable-log.ts'

/** What the server writes about itself: `log.info({ partition: 3 }, 'partition assigned')`. */
export type Log = Logger

export interface LogOptions {
  readonly level: string
  /** Lines for people instead of JSON. */
  readonly readable: boolean
  /** Texts that must never show, wherever they turn up: keys and secrets. */
  readonly secrets?: readonly string[]
  /** Where the lines go; standard error when left out. */
  readonly write?: (line: string) => void
}

/**
 * A log without secrets: fields named like one are masked by name, and whatever looks like a bearer token, or is one of
 * the given secrets, is masked in the finished line, so that it does not matter how it came there.
 */
export function createLog({ level, readable, secrets = [], write = toStandardError() }: LogOptions): Log {
  const mask = createMask(secrets)
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }), log: (fields) => maskFields(fields) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.errWithCause, error: pino.stdSerializers.errWithCause },
    },
    { write: (line: string) => write(mask(readable ? readableLine(line) : escapeControls(line))) },
  )
}

/** JSON leaves these as they are, and some of them begin an escape sequence of terminals. */
const escapeControls = (json: string): string =>
  json.replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`)

export const silentLog: Log = pino({ enabled: false })

/** Synchronous, so that the last words of a process that dies are not lost. */
function toStandardError(): (line: string) => void {
  const destination = pino.destination({ fd: 2, sync: true })
  return (line) => void destination.write(line)
}
