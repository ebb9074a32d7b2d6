import { limits } from '@headwater/protocol'
import { isDeviceId, isUserId } from '../access/principal.ts'
import type { DeviceId, UserId } from '../model/ids.ts'
import type { ResumePoint } from './opening.ts'

export interface AuthFrame {
  readonly type: 'auth'
  readonly token: string | null
  readonly deviceId: DeviceId | null
  readonly resume: ResumePoint | null
  /** Whom an API key acts for. */
  readonly userId: UserId | null
}

/** `userId` is the user that the frame names, if it does. */
export type ParsedFrame =
  | AuthFrame
  | { readonly type: 'ack'; readonly seq: number; readonly userId: UserId | null }
  | { readonly type: 'ping'; readonly userId: UserId | null }
  | { readonly type: 'wrong'; readonly problem: string; readonly userId: UserId | null }

const epochLength = 256

const wrong = (problem: string, userId: UserId | null = null): ParsedFrame => ({ type: 'wrong', problem, userId })

/** A frame from a client, or what is wrong with it. Fields that are not known are passed over. */
export function parseClientFrame(text: string): ParsedFrame {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return wrong('The frame is not JSON.')
  }
  if (!isObject(frame)) return wrong('The frame is not a JSON object.')
  const { type, user_id: user = null } = frame
  if (user !== null && (typeof user !== 'string' || !isUserId(user))) return wrong('"user_id" must be a user id.')
  switch (type) {
    case 'ping':
      return { type, userId: user }
    case 'ack':
      if (typeof frame.seq !== 'number') return wrong('ack needs a number "seq".', user)
      return { type, seq: frame.seq, userId: user }
    case 'auth':
      return parseAuth(frame, user)
    default:
      return wrong('The frame has no known "type": auth, ack or ping.', user)
  }
}

function parseAuth(frame: Record<string, unknown>, userId: UserId | null): ParsedFrame {
  const { token = null, device_id: deviceId = null, resume = null } = frame
  if (token !== null && typeof token !== 'string') return wrong('"token" must be text.')
  if (deviceId !== null && !isDeviceId(deviceId)) {
    return wrong(`"device_id" must be text of 1 to ${limits.deviceIdLength} characters.`, userId)
  }
  if (resume === null) return { type: 'auth', token, deviceId, resume, userId }
  // An epoch that nobody gave out is answered with a reset, like any other that is not this one.
  if (!isObject(resume) || typeof resume.seq !== 'number' || typeof resume.epoch !== 'string') {
    return wrong('"resume" must have the text "epoch" and the number "seq".', userId)
  }
  return {
    type: 'auth',
    token,
    deviceId,
    resume: { epoch: resume.epoch.slice(0, epochLength), seq: resume.seq },
    userId,
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
