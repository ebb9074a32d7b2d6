import { HeadwaterError } from '@headwater/client'

const unreachable = new Set(['network', 'timeout', 'token_unavailable'])
const away = 'The server cannot be reached.'

/** What to tell a person about a failure: the SDK's own words are for developers. */
export function messageOf(error: unknown): string {
  if (HeadwaterError.is(error)) return unreachable.has(error.code) ? away : error.detail
  // What fetch() rejects with when there is no answer.
  if (error instanceof TypeError) return away
  return error instanceof Error ? error.message : String(error)
}
