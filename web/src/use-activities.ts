import { type ActivitiesState, type ActivitiesStore, createClient } from '@headwater/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { logIn } from './demo-api.ts'

export interface DeviceActivities {
  readonly state: ActivitiesState
  readonly store: ActivitiesStore
}

/** The live stream of one user on one device, for as long as the component is there. */
export function useActivities(userId: string, deviceId: string, isOnline: boolean): DeviceActivities {
  const [store] = useState(
    () => createClient({ url: location.origin, token: () => logIn(userId), deviceId }).activities,
  )
  useEffect(() => {
    if (!isOnline) return
    store.connect()
    return () => store.close()
  }, [store, isOnline])
  return { store, state: useSyncExternalStore(store.subscribe, store.getSnapshot) }
}
