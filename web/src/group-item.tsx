import type { ActivitiesStore, ActivityGroup } from '@headwater/client'
import { useId, useState } from 'react'
import { GroupActors } from './group-actors.tsx'
import { GroupFaces } from './group-faces.tsx'
import { GroupTimes } from './group-times.tsx'
import { Icon } from './icons.tsx'
import { Summary } from './summary.tsx'

interface GroupItemProps {
  readonly group: ActivityGroup
  readonly store: ActivitiesStore
  readonly isOnline: boolean
  readonly now: number
  readonly onFailure: (error: unknown) => void
}

/** One group: opening it marks it read and shows who is in it. */
export function GroupItem({ group, store, isOnline, now, onFailure }: GroupItemProps) {
  const [isOpen, setOpen] = useState(false)
  const [isArriving, setArriving] = useState(true)
  const [shownSeq, setShownSeq] = useState(group.seq)
  const actorsId = useId()
  // What has been played must not be played again when the list is hidden and shown.
  const settle = () => {
    setArriving(false)
    setShownSeq(group.seq)
  }
  const open = () => {
    setOpen(!isOpen)
    if (!group.is_read && isOnline) store.markRead([group.group_id]).catch(onFailure)
  }
  const remove = (button: HTMLElement) => {
    if (!isOnline) return
    focusNeighbour(button)
    store.remove(group.group_id).catch(onFailure)
  }
  const newCount = group.new_actor_count < group.actor_count ? group.new_actor_count : 0
  return (
    <li className={classOf(group, isArriving)} onAnimationEnd={settle}>
      {/* Another element for each version, so that a group that grew shines once. */}
      {group.seq !== shownSeq && <span key={group.seq} className="shine" />}
      <button type="button" className="group-main" onClick={open} aria-expanded={isOpen} aria-controls={actorsId}>
        <GroupFaces group={group} />
        <span className="group-text">
          {!group.is_read && <span className="unseen">Unread: </span>}
          <Summary group={group} />
          {group.latest_preview && (
            <span className="preview" dir="auto">
              {group.latest_preview}
            </span>
          )}
          <span className="meta">
            <GroupTimes group={group} now={now} />
            {newCount > 0 && <span className="chip">{newCount} new</span>}
            <Icon name="chevron" />
          </span>
        </span>
      </button>
      <button
        type="button"
        className="icon-button group-remove"
        title="Remove"
        aria-label={`Remove: ${group.summary}`}
        aria-disabled={!isOnline}
        onClick={(event) => remove(event.currentTarget)}
      >
        <Icon name="close" />
      </button>
      <div id={actorsId} className="group-more" hidden={!isOpen}>
        {isOpen && <GroupActors group={group} store={store} isOnline={isOnline} now={now} />}
      </div>
    </li>
  )
}

function classOf({ is_read }: ActivityGroup, isArriving: boolean): string {
  return ['group', ...(is_read ? [] : ['group-unread']), ...(isArriving ? ['group-arriving'] : [])].join(' ')
}

/** Whoever removes one group after the other by keyboard goes on where they are, and after the last one at the bell. */
function focusNeighbour(button: HTMLElement): void {
  const item = button.closest('li')
  const neighbour = item?.nextElementSibling ?? item?.previousElementSibling
  const bell = button.closest('.device')?.querySelector<HTMLElement>('.bell')
  const next = neighbour?.querySelector<HTMLElement>('.group-main') ?? bell
  next?.focus()
}
