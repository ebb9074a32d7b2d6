import { limits, userIdPattern } from '@headwater/protocol'
import { HeadwaterError } from './error.ts'

export interface CheckedOptions {
  readonly url: unknown
  readonly token?: unknown
  readonly apiKey?: unknown
  readonly userId?: unknown
  readonly deviceId?: unknown
  readonly timeoutMs?: unknown
  readonly activities?: { readonly pageSize?: unknown; readonly maxGroups?: unknown } | undefined
}

/** What a header can carry. The end of a line behind it is taken off there. */
const credentialPattern = /^ *[!-~]+[ \t\r\n]*$/

/**
 * Throws an `invalid_option` that names the option, for what no server could ever take: a missing environment variable
 * or a half address is to be found where it is written, and not after minutes of trying.
 */
export function checkOptions(options: CheckedOptions): void {
  const { url, token, apiKey, userId, deviceId, timeoutMs, activities } = options
  if (!isAddress(url)) refuse('url', `an address that starts with http:// or https://, and is ${shown(url)}`)
  // Paths are put behind it.
  if (/[?#]/.test(String(url))) refuse('url', `an address without ? and #, and is ${shown(url)}`)
  if (token !== undefined && !isCredential(token) && typeof token !== 'function')
    refuse('token', 'a user token, of printable ASCII, or a function that gets one')
  if (apiKey !== undefined && !isCredential(apiKey))
    refuse('apiKey', 'a text of printable ASCII without spaces, and not an empty one')
  if (userId !== undefined && !(typeof userId === 'string' && userIdPattern.test(userId)))
    refuse('userId', `1 to ${limits.userIdLength} of the characters A–Z a–z 0–9 . _ : @ -, and is ${shown(userId)}`)
  if (deviceId !== undefined && !(isText(deviceId) && [...deviceId].length <= limits.deviceIdLength))
    refuse('deviceId', `a text of 1 to ${limits.deviceIdLength} characters`)
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0))
    refuse('timeoutMs', `a number of milliseconds above 0, and is ${shown(timeoutMs)}`)
  const { pageSize, maxGroups } = activities ?? {}
  if (pageSize !== undefined && !(isCount(pageSize) && pageSize <= limits.pageSize))
    refuse('activities.pageSize', `a whole number from 1 to ${limits.pageSize}, and is ${shown(pageSize)}`)
  if (maxGroups !== undefined && !isCount(maxGroups))
    refuse('activities.maxGroups', `a whole number from 1 on, and is ${shown(maxGroups)}`)
}

const isCount = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 1

function isAddress(url: unknown): boolean {
  if (typeof url !== 'string') return false
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol)
  } catch {
    return false
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isCredential = (value: unknown): boolean => isText(value) && credentialPattern.test(value)

const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))

/** Secrets are not shown. */
function refuse(option: keyof CheckedOptions | 'activities.pageSize' | 'activities.maxGroups', wanted: string): never {
  throw new HeadwaterError('invalid_option', { detail: `The option ${option} must be ${wanted}` })
}
