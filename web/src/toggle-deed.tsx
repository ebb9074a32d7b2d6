import type { UserRef } from '@headwater/client'
import type { Deed } from './deed.ts'
import { Icon, type IconName } from './icons.tsx'
import type { Deeds } from './use-deeds.ts'

interface ToggleDeedProps {
  readonly actor: UserRef
  readonly deed: Deed
  readonly deeds: Deeds
  readonly icon: IconName
  /** Before and after. */
  readonly words: readonly [string, string]
}

/** A button for what can be done once and be taken back. */
export function ToggleDeed({ actor, deed, deeds, icon, words }: ToggleDeedProps) {
  const isDone = deeds.isDone(actor.id, deed)
  return (
    <button
      type="button"
      className={`button button-${icon}`}
      aria-pressed={isDone}
      onClick={() => void deeds.perform([actor.id], [deed], isDone ? 'UNDO' : 'ADD')}
    >
      <Icon name={icon} />
      {words[isDone ? 1 : 0]}
    </button>
  )
}
