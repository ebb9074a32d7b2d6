import type { EventType } from '@headwater/client'

const paths = {
  bell: 'M6.2 16.4V11a5.8 5.8 0 0 1 11.6 0v5.4l1.7 1.6h-15ZM10 20.6a2.1 2.1 0 0 0 4 0',
  heart: 'M12 19.8S4 15 4 9.5a4.5 4.5 0 0 1 8-2.8 4.5 4.5 0 0 1 8 2.8c0 5.5-8 10.3-8 10.3Z',
  comment: 'M6.5 4.8h11a2 2 0 0 1 2 2v6.8a2 2 0 0 1-2 2h-6.2L7 19.4v-3.8h-.5a2 2 0 0 1-2-2V6.8a2 2 0 0 1 2-2Z',
  follow:
    'M10 11.6a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2ZM3.6 19.6c.7-3.3 3.3-5 6.4-5s5.7 1.7 6.4 5M18.6 8v5.6M15.8 10.8h5.6',
  mention: 'M15.8 12a3.8 3.8 0 1 1-7.6 0 3.8 3.8 0 0 1 7.6 0Zm0 0v1.3a2.3 2.3 0 0 0 4.6 0V12a8.4 8.4 0 1 0-3.4 6.7',
  share: 'M13.6 5.2 20 11l-6.4 5.8v-3.5c-4.8 0-7.6 1.3-9.6 4.7.5-5.3 3.6-9 9.6-9.3Z',
  sparkle: 'M12 4l2 5.8L20 12l-6 2.2L12 20l-2-5.8L4 12l6-2.2Z',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  chevron: 'M7 9.8l5 5 5-5',
  send: 'M4.5 12 20 4.8 15 20l-3.6-6.4ZM11.4 13.6 20 4.8',
  wifi: 'M3.4 9.6a12.6 12.6 0 0 1 17.2 0M6.6 13.1a8 8 0 0 1 10.8 0M9.7 16.5a3.5 3.5 0 0 1 4.6 0M12 19.6h.01',
  wifiOff:
    'M4 4l16 16M3.4 9.6a12.6 12.6 0 0 1 4.2-2.7M11.5 6.2a12.6 12.6 0 0 1 9.1 3.4M6.6 13.1a8 8 0 0 1 4-2M14.8 11.6a8 8 0 0 1 2.6 1.5M9.7 16.5a3.5 3.5 0 0 1 4.6 0M12 19.6h.01',
  phone:
    'M8.5 3.5h7a1.8 1.8 0 0 1 1.8 1.8v13.4a1.8 1.8 0 0 1-1.8 1.8h-7a1.8 1.8 0 0 1-1.8-1.8V5.3a1.8 1.8 0 0 1 1.8-1.8ZM11 17.6h2',
  laptop: 'M6.5 5.5h11a1.5 1.5 0 0 1 1.5 1.5v8.5H5V7a1.5 1.5 0 0 1 1.5-1.5ZM2.8 18.5h18.4',
  people:
    'M9 11.2a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6ZM3 19c.6-3 3-4.6 6-4.6s5.4 1.6 6 4.6M15.6 4.9a3.3 3.3 0 0 1 0 6M17.4 14.7c2 .6 3.3 2.1 3.7 4.3',
  empty: 'M4 13.5 6.6 6h10.8L20 13.5V18a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1ZM4 13.5h4.5c0 1.8 1.5 3 3.5 3s3.5-1.2 3.5-3H20',
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
