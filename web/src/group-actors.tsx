import type { ActivitiesStore, ActivityGroup } from '@headwater/client'
import { useEffect, useMemo, useState } from 'react'
import { ActorPages, noActors } from './actor-pages.ts'
import { Avatar } from './avatar.tsx'
import { timeAgo } from './time-ago.ts'

interface GroupActorsProps {
  readonly group: ActivityGroup
  readonly store: ActivitiesStore
  readonly isOnline: boolean
  readonly now: number
}

const pageSize = 10

/** Who is in a group, newest first. Keeps up with the group until somebody reads on. */
export function GroupActors({ group, store, isOnline, now }: GroupActorsProps) {
  const [shown, setShown] = useState(noActors)
  const pages = useMemo(
    () => new ActorPages((cursor) => store.actors(group.group_id, { limit: pageSize, cursor }), setShown),
    [store, group.group_id],
  )
  useEffect(() => {
    if (isOnline) pages.keepUp(group.seq)
  }, [pages, group.seq, isOnline])
  useEffect(() => (isOnline ? () => pages.stop() : undefined), [pages, isOnline])

  const { actors, next, isLoading, failure } = shown
  const problem = failure !== '' && <p className="failure">{failure}</p>
  if (actors === null) {
    return problem || <p className="quiet">{isOnline ? 'Loading …' : 'Who they are is not known offline.'}</p>
  }
  return (
    <>
      <ul className="actors" aria-label="Who">
        {actors.map((actor) => (
          <li key={actor.id}>
            <Avatar user={actor} size="s" />
            <span className="actor-name" dir="auto">
              {actor.name}
            </span>
            <time dateTime={new Date(actor.acted_at).toISOString()}>{timeAgo(actor.acted_at, now)}</time>
          </li>
        ))}
      </ul>
      {problem}
      {next && isOnline && (
        <button type="button" className="link" aria-disabled={isLoading} onClick={() => void pages.loadMore()}>
          Show more
        </button>
      )}
    </>
  )
}
