import type { ActivitiesStore, ActivityGroup, GroupActor } from '@headwater/client'
import { useCallback, useEffect, useState } from 'react'
import { Avatar } from './avatar.tsx'
import { Icon, iconOf } from './icons.tsx'
import { timeAgo } from './time-ago.ts'

interface GroupItemProps {
  readonly group: ActivityGroup
  readonly store: ActivitiesStore
  readonly now: number
  readonly onFailure: (error: unknown) => void
}

/** One group: opening it marks it read and shows who is in it. */
export function GroupItem({ group, store, now, onFailure }: GroupItemProps) {
  const [isOpen, setOpen] = useState(false)
  const open = () => {
    setOpen(!isOpen)
    if (!group.is_read) store.markRead([group.group_id]).catch(onFailure)
  }
  return (
    <li className={group.is_read ? 'group' : 'group group-unread'}>
      <button type="button" className="group-main" onClick={open} aria-expanded={isOpen}>
        <span className="faces">
          {group.top_actors.map((actor) => (
            <Avatar key={actor.id} id={actor.id} name={actor.name} url={actor.avatar_url} />
          ))}
          <span className={`kind kind-${group.event_type.toLowerCase()}`}>
            <Icon name={iconOf[group.event_type]} />
          </span>
        </span>
        <span className="group-text">
          <span className="summary" dir="auto">
            {group.summary}
          </span>
          {group.latest_preview && (
            <span className="preview" dir="auto">
              {group.latest_preview}
            </span>
          )}
          <span className="meta">
            <time dateTime={new Date(group.updated_at).toISOString()}>{timeAgo(group.updated_at, now)}</time>
            {group.new_actor_count > 0 && group.new_actor_count < group.actor_count && (
              <span className="chip">{group.new_actor_count} new</span>
            )}
            {group.is_closed && <span className="chip chip-quiet">closed</span>}
          </span>
        </span>
        {!group.is_read && <span className="dot" title="Unread" />}
      </button>
      <button
        type="button"
        className="icon-button group-remove"
        title="Remove"
        aria-label={`Remove: ${group.summary}`}
        onClick={() => store.remove(group.group_id).catch(onFailure)}
      >
        <Icon name="close" />
      </button>
      {isOpen && <Actors group={group} store={store} now={now} />}
    </li>
  )
}

function Actors({ group, store, now }: Pick<GroupItemProps, 'group' | 'store' | 'now'>) {
  const [actors, setActors] = useState<readonly GroupActor[]>([])
  const [next, setNext] = useState<string | null>(null)
  const [failure, setFailure] = useState('')
  const load = useCallback(
    async (cursor: string | null) => {
      try {
        const page = await store.actors(group.group_id, { limit: 10, ...(cursor ? { cursor } : {}) })
        setActors((shown) => (cursor ? [...shown, ...page.actors] : page.actors))
        setNext(page.next_cursor)
      } catch (error) {
        setFailure(error instanceof Error ? error.message : String(error))
      }
    },
    [store, group.group_id],
  )
  // A new version of the group may have other actors: the first page is read again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version is what asks for it
  useEffect(() => {
    void load(null)
  }, [load, group.seq])
  return (
    <ul className="actors">
      {actors.map((actor) => (
        <li key={actor.id}>
          <Avatar id={actor.id} name={actor.name} url={actor.avatar_url} size="s" />
          <span dir="auto">{actor.name}</span>
          <time dateTime={new Date(actor.acted_at).toISOString()}>{timeAgo(actor.acted_at, now)}</time>
        </li>
      ))}
      {failure !== '' && <li className="failure">{failure}</li>}
      {next && (
        <li>
          <button type="button" className="link" onClick={() => void load(next)}>
            Show more
          </button>
        </li>
      )}
    </ul>
  )
}
