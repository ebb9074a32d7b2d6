import { Icon } from './icons.tsx'

interface BellProps {
  readonly unread: number
  /** Something came since the list was last opened. */
  readonly isRinging: boolean
  readonly isOpen: boolean
  /** The id of the list that it opens. */
  readonly controls: string
  readonly onToggle: () => void
}

export function Bell({ unread, isRinging, isOpen, controls, onToggle }: BellProps) {
  return (
    <button
      type="button"
      className="bell"
      aria-expanded={isOpen}
      aria-controls={controls}
      aria-label={`Notifications, ${unread} unread`}
      onClick={onToggle}
    >
      <Icon name="bell" />
      <Badge count={unread} isRinging={isRinging} />
    </button>
  )
}

const shownMax = 999

/** A new count is a new element, so that it draws the eye once. What it says is in the name of the button around it. */
export function Badge({ count, isRinging }: { count: number; isRinging: boolean }) {
  if (count === 0) return null
  return (
    <span key={count} className={isRinging ? 'badge badge-ringing' : 'badge'} aria-hidden="true">
      {count > shownMax ? `${shownMax}+` : count}
    </span>
  )
}
