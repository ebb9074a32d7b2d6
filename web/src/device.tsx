import type { UserRef } from '@headwater/client'
import { useId, useState } from 'react'
import { Bell } from './bell.tsx'
import { ConnectionNotice, ConnectionStatus } from './connection.tsx'
import { GroupFilters } from './group-filters.tsx'
import { GroupList } from './group-list.tsx'
import { Icon } from './icons.tsx'
import { messageOf } from './message-of.ts'
import type { DeviceStream } from './use-device.ts'

interface DeviceProps {
  readonly kind: 'phone' | 'laptop'
  readonly user: UserRef
  readonly device: DeviceStream
  readonly now: number
  /** Shows everybody else, where one does not see them anyway. */
  readonly onActAsOthers: () => void
  /** Connects at once; whether the server has answered. */
  readonly tryNow: () => Promise<boolean>
}

/** One device of one user: a bell with its badge, and the list behind it. */
export function Device({ kind, user, device, now, onActAsOthers, tryNow }: DeviceProps) {
  const { state, store, isOnline, setOnline } = device
  const [isOpen, setOpen] = useState(true)
  const [failure, setFailure] = useState('')
  const titleId = useId()
  const listId = useId()
  const fail = (error: unknown) => setFailure(messageOf(error))

  const canMark = isOnline && state.unreadCount > 0

  /** Opening the bell is what "seen" means: a list that merely is on the screen marks nothing. */
  const toggle = () => {
    setOpen(!isOpen)
    if (!isOpen && isOnline && state.unseenCount > 0) store.markAllSeen().catch(fail)
  }

  const markAll = () => {
    if (canMark) store.markAllRead().catch(fail)
  }

  return (
    <section className={`device device-${kind}`} aria-labelledby={titleId}>
      <header className="caption">
        <h2 id={titleId}>
          <bdi>{user.name}</bdi>’s {kind}
        </h2>
        <ConnectionStatus isOnline={isOnline} state={state} />
        <button type="button" className="button button-small" onClick={() => setOnline(!isOnline)}>
          <Icon name={isOnline ? 'wifiOff' : 'wifi'} />
          {isOnline ? 'Go offline' : 'Go online'}
        </button>
      </header>
      <div className="frame">
        <div className="app-bar">
          <p className="app-title">Activity</p>
          {/* Not `disabled`: pressing it is what would disable it, and the keyboard would lose its place. */}
          {isOpen && (
            <button type="button" className="link app-link" aria-disabled={!canMark} onClick={markAll}>
              Mark all read
            </button>
          )}
          <Bell
            unread={state.unreadCount}
            isRinging={state.unseenCount > 0}
            isOpen={isOpen}
            controls={listId}
            onToggle={toggle}
          />
        </div>
        <div id={listId} className="panel" hidden={!isOpen}>
          <GroupFilters state={state} store={store} isOnline={isOnline} />
          <GroupList
            state={state}
            store={store}
            isOnline={isOnline}
            now={now}
            onFailure={fail}
            onActAsOthers={onActAsOthers}
          />
        </div>
        {!isOpen && <ClosedList unread={state.unreadCount} />}
        {failure === '' ? (
          <ConnectionNotice isOnline={isOnline} state={state} tryNow={tryNow} />
        ) : (
          <p className="notice notice-bad" role="alert">
            {failure}
            <button type="button" className="link" onClick={() => setFailure('')}>
              Dismiss
            </button>
          </p>
        )}
      </div>
    </section>
  )
}

function ClosedList({ unread }: { unread: number }) {
  return (
    <div className="closed">
      <Icon name="bell" />
      <p className="empty-title">The list is closed</p>
      <p>
        {unread === 0
          ? 'Nothing is unread. Whatever comes will show on the bell.'
          : 'Opening it turns the badge grey: seen. Only reading takes from the number.'}
      </p>
    </div>
  )
}
