import type { UserRef } from '@headwater/client'

interface StrangerProps {
  /** What the address asks for; anything may stand there. */
  readonly asked: string
  readonly user: UserRef
  readonly onDismiss: () => void
}

/** The address names somebody whom the demo does not have. */
export function Stranger({ asked, user, onDismiss }: StrangerProps) {
  return (
    <p className="stranger" role="status">
      <span className="stranger-text">
        The demo has no user “<bdi>{asked}</bdi>”. These are the devices of <bdi>{user.name}</bdi>.
      </span>
      <button type="button" className="link" onClick={onDismiss}>
        Dismiss
      </button>
    </p>
  )
}
