import { type ActivitiesState, type ActivitiesStore, createClient, type HeadwaterClient } from '@headwater/client'
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { logIn } from './demo-api.ts'

export interface DeviceStream {
  readonly client: HeadwaterClient
  readonly store: ActivitiesStore
  readonly state: ActivitiesState
  /** What its user wants; whether the server is there is said by `state.connection`. */
  readonly isOnline: boolean
  setOnline(isOnline: boolean): void
  /** Connects at once instead of when the wait is over; whether the server has answered. */
  tryNow(): Promise<boolean>
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
  const tryNow = useCallback(async () => {
    store.close()
    await store.connect()
    return store.getSnapshot().error === null
  }, [store])
  return { client, store, isOnline, setOnline, tryNow, state: useSyncExternalStore(store.subscribe, store.getSnapshot) }
}
