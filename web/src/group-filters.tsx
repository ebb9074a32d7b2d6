import type { ActivitiesState, ActivitiesStore, EventType } from '@headwater/client'

const filters: readonly (readonly [label: string, types: readonly EventType[] | null])[] = [
  ['All', null],
  ['Likes', ['LIKE', 'REACTION']],
  ['Comments', ['COMMENT', 'MENTION']],
  ['People', ['FOLLOW', 'SHARE']],
]

interface GroupFiltersProps {
  readonly state: ActivitiesState
  readonly store: ActivitiesStore
  readonly isOnline: boolean
  readonly onFailure: (error: unknown) => void
}

export function GroupFilters({ state, store, isOnline, onFailure }: GroupFiltersProps) {
  const canMark = isOnline && state.unreadCount > 0
  return (
    <div className="filters">
      <fieldset className="segments" aria-label="Show">
        {filters.map(([label, types]) => (
          <button
            key={label}
            type="button"
            aria-pressed={String(types) === String(state.filter)}
            aria-disabled={!isOnline}
            onClick={() => isOnline && void store.setFilter(types)}
          >
            {label}
          </button>
        ))}
      </fieldset>
      {/* Not `disabled`: pressing it is what would disable it, and the keyboard would lose its place. */}
      <button
        type="button"
        className="link"
        aria-disabled={!canMark}
        onClick={() => canMark && store.markAllRead().catch(onFailure)}
      >
        Mark all read
      </button>
    </div>
  )
}
