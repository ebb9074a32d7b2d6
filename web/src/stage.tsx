import type { UserRef } from '@headwater/client'
import { useState } from 'react'
import { Avatar } from './avatar.tsx'
import { act, type DemoEvent } from './demo-api.ts'
import { Icon, type IconName } from './icons.tsx'

const posts = [
  { id: 'sunset', text: 'Sunset at the lake. The water was so still that the sky was there twice.' },
  { id: 'bread', text: 'First sourdough that deserves the name. Crumb shot in the comments.' },
] as const

type Deed = Pick<DemoEvent, 'event_type' | 'object_type' | 'object_id'> & { readonly preview?: string }

const deeds: readonly {
  readonly label: string
  readonly icon: IconName
  readonly of: (post: (typeof posts)[number]) => Deed
}[] = [
  {
    label: 'Like',
    icon: 'heart',
    of: (post) => ({ event_type: 'LIKE', object_type: 'POST', object_id: post.id, preview: post.text }),
  },
  {
    label: 'Comment',
    icon: 'comment',
    of: (post) => ({ event_type: 'COMMENT', object_type: 'POST', object_id: post.id, preview: 'So beautiful!' }),
  },
  {
    label: 'Share',
    icon: 'share',
    of: (post) => ({ event_type: 'SHARE', object_type: 'POST', object_id: post.id, preview: post.text }),
  },
]

interface StageProps {
  readonly users: readonly UserRef[]
  readonly target: UserRef
}

/** What everybody else can do to the one whose devices are shown. */
export function Stage({ users, target }: StageProps) {
  const [failure, setFailure] = useState('')
  const others = users.filter((user) => user.id !== target.id)
  const [actorId, setActorId] = useState('')
  const actor = others.find((user) => user.id === actorId) ?? others[0]
  const [done, setDone] = useState<ReadonlySet<string>>(new Set())

  const run = async (events: readonly DemoEvent[]) => {
    setFailure('')
    try {
      for (const event of events) await act(event)
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error))
    }
  }
  const perform = (deed: Deed, by: UserRef) => {
    const key = [by.id, target.id, deed.event_type, deed.object_id].join(' ')
    const op = deed.event_type === 'LIKE' && done.has(key) ? 'UNDO' : 'ADD'
    setDone((before) => {
      const after = new Set(before)
      if (op === 'ADD') after.add(key)
      else after.delete(key)
      return after
    })
    return run([{ ...deed, op, actor_id: by.id, target_user_id: target.id }])
  }
  const everyone = () =>
    run(
      posts.flatMap((post) =>
        others.map((user) => ({
          event_type: 'LIKE',
          object_type: 'POST',
          object_id: post.id,
          preview: post.text,
          actor_id: user.id,
          target_user_id: target.id,
        })),
      ),
    )

  if (!actor) return null
  const isLiked = (postId: string) => done.has([actor.id, target.id, 'LIKE', postId].join(' '))
  return (
    <section className="stage" aria-label="Act as somebody else">
      <fieldset className="cast">
        <legend className="cast-label">Act as</legend>
        {others.map((user) => (
          <button
            key={user.id}
            type="button"
            className="cast-member"
            aria-pressed={user.id === actor.id}
            onClick={() => setActorId(user.id)}
          >
            <Avatar id={user.id} name={user.name} url={user.avatar_url} size="s" />
            {user.name}
          </button>
        ))}
      </fieldset>
      {posts.map((post) => (
        <article key={post.id} className="post">
          <header>
            <Avatar id={target.id} name={target.name} url={target.avatar_url} />
            <strong>{target.name}</strong>
          </header>
          <p>{post.text}</p>
          <footer>
            {deeds.map(({ label, icon, of }) => {
              const deed = of(post)
              const isUndo = deed.event_type === 'LIKE' && isLiked(post.id)
              return (
                <button
                  key={label}
                  type="button"
                  className={isUndo ? 'button button-on' : 'button'}
                  onClick={() => void perform(deed, actor)}
                >
                  <Icon name={icon} />
                  {isUndo ? 'Liked' : label}
                </button>
              )
            })}
          </footer>
        </article>
      ))}
      <div className="stage-actions">
        <button
          type="button"
          className="button"
          onClick={() => void perform({ event_type: 'FOLLOW', object_type: 'USER', object_id: target.id }, actor)}
        >
          <Icon name="follow" />
          Follow {target.name}
        </button>
        <button
          type="button"
          className="button"
          onClick={() =>
            void perform(
              {
                event_type: 'MENTION',
                object_type: 'POST',
                object_id: `${actor.id}-post`,
                preview: `Have you seen this, @${target.id}?`,
              },
              actor,
            )
          }
        >
          <Icon name="mention" />
          Mention {target.name}
        </button>
        <button type="button" className="button button-strong" onClick={() => void everyone()}>
          Everyone likes everything
        </button>
      </div>
      {failure !== '' && (
        <p className="notice notice-bad" role="alert">
          {failure}
        </p>
      )}
    </section>
  )
}
