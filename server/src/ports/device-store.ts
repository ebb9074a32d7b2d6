import type { DeviceId, Seq, UserId } from '../model/ids.ts'

/**
 * How far each device of a user has come.
 *
 * Promises, each a case in conformance/device-store.ts:
 * - An ack of the same epoch never goes back; one of another epoch replaces it.
 * - A device that was never heard of has no position.
 */
export interface DeviceStore extends AsyncDisposable {
  ack(acks: readonly DevicePosition[]): Promise<void>
  get(user: UserId, device: DeviceId): Promise<DevicePosition | undefined>
  list(user: UserId): Promise<readonly DevicePosition[]>
  purge(what: { readonly seenBefore: number } | { readonly user: UserId; readonly device?: DeviceId }): Promise<void>
}

export interface DevicePosition {
  readonly user: UserId
  readonly device: DeviceId
  readonly epoch: string
  readonly seq: Seq
  readonly seenAt: number
}
