import type { ActivityGroup } from '@headwater/client'
import { Avatar } from './avatar.tsx'
import { Icon, iconOf } from './icons.tsx'

/** The newest actors, one or two of them, in a square of one size: what stands beside it starts on one line. */
export function GroupFaces({ group }: { group: ActivityGroup }) {
  const [newest, second] = group.top_actors
  return (
    <span className={second ? 'faces faces-two' : 'faces'}>
      {second && <Avatar user={second} size="m" />}
      {newest && <Avatar user={newest} size={second ? 'm' : 'l'} />}
      <span className={`kind kind-${group.event_type.toLowerCase()}`}>
        <Icon name={iconOf[group.event_type]} />
      </span>
    </span>
  )
}
