import type { UserRef } from '@headwater/client'
import { useState } from 'react'
import { Cast } from './cast.tsx'
import { likeOf } from './deed.ts'
import { demoPosts } from './demo-posts.ts'
import { Icon } from './icons.tsx'
import { LastCall } from './last-call.tsx'
import { PersonCard } from './person-card.tsx'
import { PostCard } from './post-card.tsx'
import { useDeeds } from './use-deeds.ts'
import type { DeviceStream } from './use-device.ts'

interface StageProps {
  readonly users: readonly UserRef[]
  readonly target: UserRef
  readonly device: DeviceStream
}

/** What everybody else can do to the one whose devices are shown. */
export function Stage({ users, target, device }: StageProps) {
  const others = users.filter((user) => user.id !== target.id)
  const [actorId, setActorId] = useState('')
  const deeds = useDeeds(target, device)
  const actor = others.find((user) => user.id === actorId) ?? others[0]
  if (!actor) return null

  const likes = demoPosts.map(likeOf)
  const example = { ...likeOf(demoPosts[0]), actor_id: actor.id, target_user_id: target.id }
  const everyone = others.map(({ id }) => id)
  const allLiked = likes.every((like) => everyone.every((id) => deeds.isDone(id, like)))
  return (
    <>
      <section className="stage" aria-labelledby="stage-title">
        <header className="caption">
          <h2 id="stage-title">Everyone else</h2>
          <button
            type="button"
            className="button button-small button-strong"
            onClick={() => void deeds.perform(everyone, likes, allLiked ? 'UNDO' : 'ADD')}
          >
            <Icon name="heart" />
            {allLiked ? 'Take all likes back' : 'Everyone likes everything'}
          </button>
        </header>
        <Cast users={others} chosen={actor} onChoose={setActorId} />
        {demoPosts.map((post) => (
          <PostCard key={post.id} post={post} author={target} actor={actor} deeds={deeds} />
        ))}
        <PersonCard person={target} actor={actor} deeds={deeds} />
        <LastCall event={deeds.last ?? example} />
      </section>
      {/* Beside it: on a narrow screen somebody may be looking at a device by then. */}
      {deeds.failure !== '' && (
        <p className="toast notice notice-bad" role="alert">
          {deeds.failure}
          <button type="button" className="link" onClick={deeds.dismiss}>
            Dismiss
          </button>
        </p>
      )}
    </>
  )
}
