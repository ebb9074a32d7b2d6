import type { ActivityGroup, HelloFrame, ResetFrame, ServerFrame, StreamFrame } from '@headwater/protocol'

/** A frame of a known type, or of one that this version does not know and passes over. */
export type Frame = ServerFrame | UnknownFrame

export interface UnknownFrame {
  readonly type: `unknown:${string}`
}

/** A frame that is a link of the chain: it has `seq` and `prev_seq`, whether or not its type is known. */
export type ChainFrame = Frame & Pick<StreamFrame, 'epoch' | 'seq' | 'prev_seq'>

const knownTypes: ReadonlySet<string> = new Set<ServerFrame['type']>([
  'hello',
  'activity_group_created',
  'activity_group_updated',
  'activity_group_removed',
  'read_state',
  'reset',
  'error',
  'pong',
  'server_closing',
])

/**
 * Reads one text frame. `null` when it is no frame at all; a type that is not known here becomes `unknown:…`. Over
 * server-sent events the type is also the event's name, which stands in when the data has none.
 */
export function parseFrame(text: string, eventName?: string): Frame | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(value)) return null
  const type = value.type ?? eventName
  if (typeof type !== 'string') return null
  if (!knownTypes.has(type)) return { ...value, type: `unknown:${type}` }
  const frame = { ...value, type }
  return isComplete(frame) ? (frame as unknown as ServerFrame) : null
}

export function isChainFrame(frame: Frame): frame is ChainFrame {
  return (
    frame.type !== 'hello' && frame.type !== 'reset' && isPosition(frame as unknown as Fields) && 'prev_seq' in frame
  )
}

type Fields = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPosition(fields: Fields): fields is Fields & (HelloFrame | ResetFrame) {
  return typeof fields.epoch === 'string' && typeof fields.seq === 'number'
}

function isComplete(fields: Fields): boolean {
  switch (fields.type) {
    case 'hello':
      return isPosition(fields) && typeof (fields as Fields).from_seq === 'number'
    case 'reset':
      return isPosition(fields)
    case 'activity_group_created':
    case 'activity_group_updated':
      return isPosition(fields) && isGroup((fields as Fields).group)
    case 'activity_group_removed':
      return isPosition(fields) && typeof (fields as Fields).group_id === 'string'
    default:
      return true
  }
}

function isGroup(value: unknown): value is ActivityGroup {
  return isRecord(value) && typeof value.group_id === 'string' && typeof value.seq === 'number'
}
