import type { ActivitiesState, ActivitiesStore } from '@headwater/client'
import { GroupItem } from './group-item.tsx'
import { Icon } from './icons.tsx'
import { messageOf } from './message-of.ts'

interface GroupListProps {
  readonly state: ActivitiesState
  readonly store: ActivitiesStore
  readonly isOnline: boolean
  readonly now: number
  readonly onFailure: (error: unknown) => void
  readonly onActAsOthers: () => void
}

export function GroupList({ state, store, isOnline, now, onFailure, onActAsOthers }: GroupListProps) {
  const { groups, status, error, filter, hasMore } = state
  if (groups.length === 0) {
    if (status === 'error') return <Failed reason={messageOf(error)} onRetry={() => void store.load()} />
    return status === 'ready' ? <Empty isFiltered={filter !== null} onActAsOthers={onActAsOthers} /> : <Skeleton />
  }
  return (
    <div className="scroller">
      <ul className="groups">
        {groups.map((group) => (
          <GroupItem
            key={group.group_id}
            group={group}
            store={store}
            isOnline={isOnline}
            now={now}
            onFailure={onFailure}
          />
        ))}
      </ul>
      {hasMore && (
        <button
          type="button"
          className="button button-small more"
          aria-disabled={!isOnline}
          onClick={() => isOnline && void store.loadMore()}
        >
          Show older
        </button>
      )}
    </div>
  )
}

function Empty({ isFiltered, onActAsOthers }: { isFiltered: boolean; onActAsOthers: () => void }) {
  return (
    <div className="empty">
      <Icon name="empty" />
      <p className="empty-title">{isFiltered ? 'Nothing of this kind' : 'Nothing here yet'}</p>
      <p>Like, comment or follow as somebody else, and watch it arrive.</p>
      <button type="button" className="button only-narrow" onClick={onActAsOthers}>
        <Icon name="people" />
        Be somebody else
      </button>
    </div>
  )
}

function Failed({ reason, onRetry }: { reason: string; onRetry: () => void }) {
  return (
    <div className="empty" role="alert">
      <p className="empty-title">The list could not be loaded</p>
      <p>{reason}</p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  )
}

function Skeleton() {
  return (
    <ul className="groups" aria-label="Loading" aria-busy="true">
      {['a', 'b', 'c', 'd'].map((key) => (
        <li key={key} className="skeleton">
          <span className="skeleton-face" />
          <span className="skeleton-lines" />
        </li>
      ))}
    </ul>
  )
}
