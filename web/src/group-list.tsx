import type { ActivitiesState, ActivitiesStore } from '@headwater/client'
import { useState } from 'react'
import { GroupItem } from './group-item.tsx'
import { Icon } from './icons.tsx'
import { listViewOf, noteBelow } from './list-view.ts'
import { messageOf } from './message-of.ts'
import { useFocusFallback } from './use-focus-fallback.ts'

interface GroupListProps {
  readonly state: ActivitiesState
  readonly store: ActivitiesStore
  readonly isOnline: boolean
  readonly now: number
  readonly onFailure: (error: unknown) => void
  readonly onActAsOthers: () => void
}

export function GroupList({ state, store, isOnline, now, onFailure, onActAsOthers }: GroupListProps) {
  const { groups, error, filter } = state
  const [isRetrying, setRetrying] = useState(false)
  const retry = () => {
    if (isRetrying) return
    setRetrying(true)
    void store.load().finally(() => setRetrying(false))
  }
  const view = listViewOf(state, isRetrying)
  if (view === 'failed') return <Failed reason={messageOf(error)} isRetrying={isRetrying} onRetry={retry} />
  if (view === 'empty') return <Empty isFiltered={filter !== null} onActAsOthers={onActAsOthers} />
  if (view === 'skeleton') return <Skeleton />
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
      <ListEnd key={String(filter)} state={state} store={store} isOnline={isOnline} />
    </div>
  )
}

/** Below the groups: what failed or is on its way, and the way to older ones. */
function ListEnd({ state, store, isOnline }: Pick<GroupListProps, 'state' | 'store' | 'isOnline'>) {
  const [isLoading, setLoading] = useState(false)
  const note = noteBelow(state, isLoading)
  const canLoad = isOnline && !isLoading
  const loadMore = () => {
    if (!canLoad) return
    setLoading(true)
    void store.loadMore().finally(() => setLoading(false))
  }
  return (
    <>
      {note !== '' && (
        <p className="quiet more" role="status">
          {note}
        </p>
      )}
      {state.hasMore && (
        <button type="button" className="button button-small more" aria-disabled={!canLoad} onClick={loadMore}>
          Show older
        </button>
      )}
    </>
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

interface FailedProps {
  readonly reason: string
  readonly isRetrying: boolean
  readonly onRetry: () => void
}

function Failed({ reason, isRetrying, onRetry }: FailedProps) {
  const ref = useFocusFallback('.bell')
  return (
    <div className="empty" role="alert">
      <p className="empty-title">The list could not be loaded</p>
      <p>{reason}</p>
      <button ref={ref} type="button" className="button" aria-disabled={isRetrying} onClick={onRetry}>
        {isRetrying ? 'Trying …' : 'Try again'}
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
