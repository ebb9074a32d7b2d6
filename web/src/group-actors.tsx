import type { ActivitiesStore, ActivityGroup, GroupActor } from '@headwater/client'
import { useCallback, useEffect, useState } from 'react'
import { Avatar } from './avatar.tsx'
import { messageOf } from './message-of.ts'
import { timeAgo } from './time-ago.ts'

interface GroupActorsProps {
  readonly group: ActivityGroup
  readonly store: ActivitiesStore
  readonly isOnline: boolean
  readonly now: number
}

const pageSize = 10

/** Who is in a group, newest first, read anew whenever the group changes. */
export function GroupActors({ group, store, isOnline, now }: GroupActorsProps) {
  const [actors, setActors] = useState<readonly GroupActor[] | null>(null)
  const [next, setNext] = useState<string | null>(null)
  const [failure, setFailure] = useState('')
  const load = useCallback(
    async (cursor: string | null, isWanted: () => boolean = () => true) => {
      try {
        const page = await store.actors(group.group_id, { limit: pageSize, cursor })
        if (!isWanted()) return
        setActors((shown) => (cursor ? [...(shown ?? []), ...page.actors] : page.actors))
        setNext(page.next_cursor)
        setFailure('')
      } catch (error) {
        if (isWanted()) setFailure(messageOf(error))
      }
    },
    [store, group.group_id],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version of the group may have other actors
  useEffect(() => {
    if (!isOnline) return
    let isWanted = true
    void load(null, () => isWanted)
    return () => {
      isWanted = false
    }
  }, [load, group.seq, isOnline])

  if (failure !== '') return <p className="failure">{failure}</p>
  if (actors === null) return <p className="quiet">{isOnline ? 'Loading …' : 'Who they are is not known offline.'}</p>
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
      {next && isOnline && (
        <button type="button" className="link" onClick={() => void load(next)}>
          Show more
        </button>
      )}
    </>
  )
}
