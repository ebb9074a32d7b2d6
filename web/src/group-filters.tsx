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
}

export function GroupFilters({ state, store, isOnline }: GroupFiltersProps) {
  return (
    <fieldset className="filters" aria-label="Show">
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
  )
}
