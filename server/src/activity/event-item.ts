import type { ItemErrorCode } from '@headwater/protocol'

/** Why one event of a request is refused. `path` is empty when it is the event as a whole. */
export interface ItemError {
  readonly path: string
  readonly code: ItemErrorCode
  readonly detail: string
  /** With `required`: all the fields that are missing, when there are several. */
  readonly missing?: readonly string[]
}

/**
 * One event of a request, in the names of the wire and not yet checked, whatever it was written in; or what was wrong
 * with its wrapping already.
 */
export type EventItem =
  | {
      readonly value: unknown
      /** The time inside its `event_id` means nothing: the id was made from one that has no time. */
      readonly timeless?: boolean
    }
  | { readonly refused: ItemError }

export const refusal = (code: ItemErrorCode, detail: string, path = ''): { readonly refused: ItemError } => ({
  refused: { path, code, detail },
})

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
