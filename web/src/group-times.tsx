import type { ActivityGroup } from '@headwater/client'
import { timeAgo } from './time-ago.ts'

interface GroupTimesProps {
  readonly group: Pick<ActivityGroup, 'group_created_at' | 'updated_at'>
  readonly now: number
}

/**
 * When the group opened, since that is what lists are ordered by, and what is newest in it where that is another time:
 * the newest alone would make a list in perfect order look like one in none.
 */
export function GroupTimes({ group, now }: GroupTimesProps) {
  const opened = timeAgo(group.group_created_at, now)
  const newest = timeAgo(group.updated_at, now)
  return (
    <>
      <Ago
        time={group.group_created_at}
        text={opened}
        title="Opened"
        more="Lists are in the order in which groups opened."
      />
      {newest !== opened && (
        <>
          <span aria-hidden="true">·</span>
          <Ago time={group.updated_at} text={`newest ${newest}`} title="Newest" />
        </>
      )}
    </>
  )
}

function Ago({ time, text, title, more = '' }: { time: number; text: string; title: string; more?: string }) {
  const date = new Date(time)
  return (
    <time dateTime={date.toISOString()} title={`${title} ${date.toLocaleString()}. ${more}`.trim()}>
      {text}
    </time>
  )
}
