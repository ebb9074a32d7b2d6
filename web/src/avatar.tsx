import type { UserRef } from '@headwater/client'
import { useState } from 'react'

const hues = 10

/** A user's picture; where there is none, or it cannot be had, the first letter on a colour that follows from the id. */
export function Avatar({ user, size }: { user: UserRef; size: 's' | 'm' | 'l' }) {
  const [broken, setBroken] = useState<string | null>(null)
  const { avatar_url: url } = user
  if (url !== null && url !== broken) {
    return <img className={`avatar avatar-${size}`} src={url} alt="" onError={() => setBroken(url)} />
  }
  return (
    <span className={`avatar avatar-${size} hue-${hueOf(user.id)}`} aria-hidden="true">
      {firstLetter(user.name)}
    </span>
  )
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** What a reader takes for one letter: a family emoji is seven code points. */
function firstLetter(name: string): string {
  const [first] = letters.segment(name.trim())
  return (first?.segment ?? '?').toLocaleUpperCase()
}

function hueOf(id: string): number {
  let hash = 11
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521
  return hash % hues
}
