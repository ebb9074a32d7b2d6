import type { ActivityGroup } from '@headwater/client'
import { namesIn } from './names-in.ts'
import { summaryLanguage } from './summary-language.ts'

/** Characters that the server leaves out of a sentence, because they turn or hide what stands around them. */
const shapeless = /\p{Cf}/gu

/**
 * The server's sentence, with the names in it set apart: heavier, and each with a direction of its own, so that a name
 * in Arabic does not turn the sentence around it.
 */
export function Summary({ group }: { group: ActivityGroup }) {
  const pieces = namesIn(
    group.summary,
    group.top_actors.map(({ name }) => (group.summary.includes(name) ? name : name.replace(shapeless, ''))),
  )
  return (
    <span className="summary" lang={summaryLanguage(navigator.languages)}>
      {pieces.map(({ text, isName, at }) => (isName ? <bdi key={at}>{text}</bdi> : <span key={at}>{text}</span>))}
    </span>
  )
}
