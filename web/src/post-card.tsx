import type { UserRef } from '@headwater/client'
import { type FormEvent, useState } from 'react'
import { Avatar } from './avatar.tsx'
import { commentOn, likeOf, shareOf } from './deed.ts'
import type { DemoPost } from './demo-posts.ts'
import { Icon } from './icons.tsx'
import { ToggleDeed } from './toggle-deed.tsx'
import type { Deeds } from './use-deeds.ts'

interface PostCardProps {
  readonly post: DemoPost
  readonly author: UserRef
  readonly actor: UserRef
  readonly deeds: Deeds
}

/** The demo's server takes no longer preview. */
const commentMax = 500

export function PostCard({ post, author, actor, deeds }: PostCardProps) {
  const [text, setText] = useState('')
  const [suggestion, setSuggestion] = useState(0)
  const suggested = post.comments[suggestion % post.comments.length] ?? ''
  const comment = (event: FormEvent) => {
    event.preventDefault()
    const typed = text.trim()
    if (typed === '') setSuggestion(suggestion + 1)
    setText('')
    void deeds.perform([actor.id], [commentOn(post, typed || suggested)], 'ADD')
  }
  return (
    <article className="post card" aria-label={post.text}>
      <img className="post-picture" src={post.pictureUrl} alt="" width="112" height="112" />
      <div className="post-text">
        <p className="post-author">
          <Avatar user={author} size="s" />
          <bdi>{author.name}</bdi>
        </p>
        <p>{post.text}</p>
      </div>
      <div className="post-actions">
        <ToggleDeed actor={actor} deed={likeOf(post)} deeds={deeds} icon="heart" words={['Like', 'Liked']} />
        <ToggleDeed actor={actor} deed={shareOf(post)} deeds={deeds} icon="share" words={['Share', 'Shared']} />
        <form className="composer" onSubmit={comment}>
          <input
            value={text}
            maxLength={commentMax}
            placeholder={suggested}
            aria-label={`Comment as ${actor.name}`}
            autoComplete="off"
            dir="auto"
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" className="icon-button" title="Send the comment" aria-label="Send the comment">
            <Icon name="send" />
          </button>
        </form>
      </div>
    </article>
  )
}
