import type { ActivitiesState, ActivitiesStore, EventType, UserRef } from '@headwater/client'
import { useEffect, useId, useState } from 'react'
import { GroupItem } from './group-item.tsx'
import { Icon } from './icons.tsx'
import { useActivities } from './use-activities.ts'

interface DeviceProps {
  readonly user: UserRef
  readonly deviceId: string
  readonly label: string
  /** Whether its list is open at first. */
  readonly startsOpen: boolean
}

/** One device of one user: a bell with its badge, and the list behind it. */
export function Device({ user, deviceId, label, startsOpen }: DeviceProps) {
  const [isOnline, setOnline] = useState(true)
  const [isOpen, setOpen] = useState(startsOpen)
  const [failure, setFailure] = useState('')
  const { state, store } = useActivities(user.id, deviceId, isOnline)
  const listId = useId()
  const now = useNow()
  const fail = (error: unknown) => setFailure(error instanceof Error ? error.message : String(error))

  /** Opening the bell is what "seen" means: a list that merely is on the screen marks nothing. */
  const toggle = () => {
    setOpen(!isOpen)
    if (!isOpen && state.unseenCount > 0) store.markAllSeen().catch(fail)
  }

  return (
    <section className="device" aria-label={`${user.name}’s ${label}`}>
      <header className="device-bar">
        <div className="device-title">
          <h2>
            {user.name}’s {label}
          </h2>
          <p className={`connection connection-${isOnline ? state.connection : 'offline'}`} role="status">
            {connectionText(isOnline, state)}
          </p>
        </div>
        <button
          type="button"
          className="icon-button"
          aria-pressed={!isOnline}
          title={isOnline ? 'Take this device offline' : 'Bring it back online'}
          aria-label={isOnline ? 'Take this device offline' : 'Bring this device back online'}
          onClick={() => setOnline(!isOnline)}
        >
          <Icon name="plane" />
        </button>
        <button
          type="button"
          className={state.unseenCount > 0 ? 'bell bell-ringing' : 'bell'}
          aria-expanded={isOpen}
          aria-controls={listId}
          aria-label={`Notifications, ${state.unreadCount} unread`}
          onClick={toggle}
        >
          <Icon name="bell" />
          {state.unreadCount > 0 && <span className="badge">{state.unreadCount.toLocaleString('en')}</span>}
        </button>
      </header>
      {!isOnline && <p className="notice">Offline. What happens now is caught up when this device comes back.</p>}
      {failure !== '' && (
        <p className="notice notice-bad" role="alert">
          {failure}
          <button type="button" className="link" onClick={() => setFailure('')}>
            Dismiss
          </button>
        </p>
      )}
      <div id={listId} className="device-body" hidden={!isOpen}>
        <Filters state={state} store={store} onFailure={fail} />
        <Groups state={state} store={store} now={now} onFailure={fail} />
      </div>
      {!isOpen && <p className="closed-hint">The list is closed. Press the bell to open it.</p>}
    </section>
  )
}

function connectionText(isOnline: boolean, state: ActivitiesState): string {
  if (!isOnline) return 'offline'
  if (state.connection === 'online') return 'live'
  return state.connection === 'connecting' ? 'connecting …' : 'not connected'
}

const filters: readonly [label: string, types: readonly EventType[] | null][] = [
  ['All', null],
  ['Likes', ['LIKE', 'REACTION']],
  ['Comments', ['COMMENT', 'MENTION']],
  ['People', ['FOLLOW', 'SHARE']],
]

interface ListProps {
  readonly state: ActivitiesState
  readonly store: ActivitiesStore
  readonly onFailure: (error: unknown) => void
}

function Filters({ state, store, onFailure }: ListProps) {
  return (
    <div className="filters">
      {filters.map(([label, types]) => (
        <button
          key={label}
          type="button"
          className="filter"
          aria-pressed={String(types) === String(state.filter)}
          onClick={() => store.setFilter(types)}
        >
          {label}
        </button>
      ))}
      <button
        type="button"
        className="link filters-end"
        disabled={state.unreadCount === 0}
        onClick={() => store.markAllRead().catch(onFailure)}
      >
        Mark all read
      </button>
    </div>
  )
}

function Groups({ state, store, now, onFailure }: ListProps & { readonly now: number }) {
  if (state.status === 'error' && state.groups.length === 0) {
    return (
      <div className="empty" role="alert">
        <p className="empty-title">The list could not be loaded</p>
        <p>{state.error?.detail}</p>
        <button type="button" className="button" onClick={() => void store.load()}>
          Try again
        </button>
      </div>
    )
  }
  if (state.status !== 'ready' && state.groups.length === 0) return <Skeleton />
  if (state.groups.length === 0) {
    return (
      <div className="empty">
        <p className="empty-title">Nothing here yet</p>
        <p>Like, comment or follow as somebody else, and watch it arrive.</p>
      </div>
    )
  }
  return (
    <ul className="groups">
      {state.groups.map((group) => (
        <GroupItem key={group.group_id} group={group} store={store} now={now} onFailure={onFailure} />
      ))}
      {state.hasMore && (
        <li className="more">
          <button type="button" className="button" onClick={() => void store.loadMore()}>
            Show older
          </button>
        </li>
      )}
    </ul>
  )
}

function Skeleton() {
  return (
    <ul className="groups" aria-label="Loading" aria-busy="true">
      {['a', 'b', 'c'].map((key) => (
        <li key={key} className="group skeleton">
          <span className="avatar avatar-m" />
          <span className="skeleton-lines" />
        </li>
      ))}
    </ul>
  )
}

/** The time, moving on slowly: for "3 min. ago". */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  return now
}
