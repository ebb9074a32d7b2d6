/** Initials on a colour that follows from the id, or the picture. */
export function Avatar({
  id,
  name,
  url,
  size = 'm',
}: {
  id: string
  name: string
  url: string | null
  size?: 's' | 'm'
}) {
  if (url) return <img className={`avatar avatar-${size}`} src={url} alt="" />
  const initials = [...name.trim()].slice(0, 1).join('').toUpperCase()
  return (
    <span className={`avatar avatar-${size} hue-${hueOf(id)}`} aria-hidden="true">
      {initials}
    </span>
  )
}

function hueOf(id: string): number {
  let sum = 0
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9_973
  return sum % 8
}
