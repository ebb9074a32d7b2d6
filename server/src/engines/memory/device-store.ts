import type { DeviceId, UserId } from '../../model/ids.ts'
import type { DevicePosition, DeviceStore } from '../../ports/device-store.ts'

export type DeviceState = Map<UserId, Map<DeviceId, DevicePosition>>

export function memoryDeviceStore(state: DeviceState): DeviceStore {
  return {
    async ack(acks) {
      for (const ack of acks) {
        const devices = state.get(ack.user) ?? new Map<DeviceId, DevicePosition>()
        state.set(ack.user, devices)
        devices.set(ack.device, later(devices.get(ack.device), ack))
      }
    },

    async get(user, device) {
      return state.get(user)?.get(device)
    },

    async list(user) {
      return [...(state.get(user)?.values() ?? [])]
    },

    async purge(what) {
      if ('user' in what) {
        if (what.device === undefined) state.delete(what.user)
        else state.get(what.user)?.delete(what.device)
        return
      }
      for (const devices of state.values()) {
        for (const { device, seenAt } of devices.values()) if (seenAt < what.seenBefore) devices.delete(device)
      }
    },

    async [Symbol.asyncDispose]() {},
  }
}

function later(known: DevicePosition | undefined, ack: DevicePosition): DevicePosition {
  if (known?.epoch !== ack.epoch) return ack
  return { ...ack, seq: Math.max(known.seq, ack.seq), seenAt: Math.max(known.seenAt, ack.seenAt) }
}
