import { type ActivitiesState, type ActivitiesStore, createClient, type HeadwaterClient } from '@headwater/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { logIn } from './demo-api.ts'

export interface DeviceStream {
  readonly client: HeadwaterClient
  readonly store: ActivitiesStore
  readonly state: ActivitiesState
  /** What its user wants; whether the server is there is said by `state.connection`. */
  readonly isOnline: boolean
  setOnline(isOnline: boolean): void
}

/** The live stream of one user on one device, for as long as the component is there. */
export function useDevice(userId: string, deviceId: string): DeviceStream {
  const [client] = useState(() => createClient({ url: location.origin, token: () => logIn(userId), deviceId }))
  const [isOnline, setOnline] = useState(true)
  const store = client.activities
  useEffect(() => {
    if (!isOnline) return
    void store.connect()
    return () => store.close()
  }, [store, isOnline])
  return { client, store, isOnline, setOnline, state: useSyncExternalStore(store.subscribe, store.getSnapshot) }
}
