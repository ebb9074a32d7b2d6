import type { UserRef } from '@headwater/client'
import { Avatar } from './avatar.tsx'
import { followOf, mentionOf } from './deed.ts'
import { Icon } from './icons.tsx'
import { ToggleDeed } from './toggle-deed.tsx'
import type { Deeds } from './use-deeds.ts'

interface PersonCardProps {
  readonly person: UserRef
  readonly actor: UserRef
  readonly deeds: Deeds
}

/** What can be done to somebody without one of their posts. */
export function PersonCard({ person, actor, deeds }: PersonCardProps) {
  const mention = () => {
    const postId = `${actor.id}-${Date.now().toString(36)}`
    void deeds.perform([actor.id], [mentionOf(person.id, postId)], 'ADD')
  }
  return (
    <article className="person card" aria-label={person.name}>
      <Avatar user={person} size="m" />
      <strong className="person-name" dir="auto">
        {person.name}
      </strong>
      <ToggleDeed
        actor={actor}
        deed={followOf(person.id)}
        deeds={deeds}
        icon="follow"
        words={['Follow', 'Following']}
      />
      <button type="button" className="button" onClick={mention}>
        <Icon name="mention" />
        Mention
      </button>
    </article>
  )
}
