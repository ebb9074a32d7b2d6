import type { UserRef } from '@headwater/client'
import { useEffect, useState } from 'react'
import { Device } from './device.tsx'
import { Stage } from './stage.tsx'
import { useDevice } from './use-device.ts'
import { useNow } from './use-now.ts'
import { type View, ViewSwitch } from './view-switch.tsx'

interface BoardProps {
  readonly users: readonly UserRef[]
  readonly user: UserRef
}

/** One user's two devices, and everybody else between them. */
export function Board({ users, user }: BoardProps) {
  const phone = useDevice(user.id, 'demo-phone')
  const laptop = useDevice(user.id, 'demo-laptop')
  const now = useNow()
  const [view, setView] = useState<View>('phone')
  /** Both wait for the same server: who asks for one of them need not ask for the other. */
  const tryNow = async () => {
    const waiting = [phone, laptop].filter(({ isOnline, state }) => isOnline && state.connection !== 'online')
    return (await Promise.all(waiting.map((device) => device.tryNow()))).every(Boolean)
  }
  const common = { user, now, tryNow, onActAsOthers: () => setView('stage') }
  // Of two devices, one that is online knows better.
  const unread = (phone.isOnline ? phone : laptop).state.unreadCount
  useBadgeInTitle(unread)
  return (
    <>
      <main className={`board board-${view}`}>
        <h1 className="unseen">{user.name}’s notifications on two devices</h1>
        <p className="unseen" aria-live="polite">
          {unread === 1 ? '1 unread notification' : `${unread} unread notifications`}
        </p>
        <Device kind="phone" device={phone} {...common} />
        <Stage users={users} target={user} device={phone} />
        <Device kind="laptop" device={laptop} {...common} />
      </main>
      <ViewSwitch
        view={view}
        onView={setView}
        unread={{ phone: phone.state.unreadCount, laptop: laptop.state.unreadCount }}
      />
    </>
  )
}

function useBadgeInTitle(unread: number): void {
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Headwater` : 'Headwater'
  }, [unread])
}
