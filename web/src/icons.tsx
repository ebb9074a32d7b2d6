import type { EventType } from '@headwater/client'

const paths = {
  bell: 'M12 4a5 5 0 0 0-5 5v3.5L5.5 16h13L17 12.5V9a5 5 0 0 0-5-5Zm-2 14a2 2 0 0 0 4 0',
  heart: 'M12 19s-7-4.3-7-9.2A3.8 3.8 0 0 1 12 7.6a3.8 3.8 0 0 1 7 2.2C19 14.7 12 19 12 19Z',
  comment: 'M5 6.5h14v9H11l-3.5 3v-3H5Z',
  follow:
    'M10 12a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4Zm-5.5 7c.6-3 2.8-4.6 5.5-4.6s4.9 1.6 5.5 4.6M18 8v5m2.5-2.5h-5',
  mention: 'M15.5 12a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0Zm0 0v1.4a2 2 0 0 0 4 0V12a7.5 7.5 0 1 0-3 6',
  share: 'M14 6l5 4.5-5 4.5v-3c-4 0-6.5 1-9 4 .8-5 4-7 9-7Z',
  sparkle: 'M12 5l1.7 4.3L18 11l-4.3 1.7L12 17l-1.7-4.3L6 11l4.3-1.7Z',
  check: 'M5.5 12.5l4 4 9-9',
  close: 'M7 7l10 10M17 7L7 17',
  undo: 'M8 7L5 10l3 3M5 10h8a5 5 0 0 1 0 10h-3',
  plane: 'M12 4v16M5 13l7-3 7 3M9 19l3-1.5 3 1.5',
  chevron: 'M8 10l4 4 4-4',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

export const iconOf: Readonly<Record<EventType, IconName>> = {
  LIKE: 'heart',
  COMMENT: 'comment',
  FOLLOW: 'follow',
  MENTION: 'mention',
  SHARE: 'share',
  REACTION: 'sparkle',
  CUSTOM: 'sparkle',
}
