import { appended } from '../lib/appended.ts'
import type { FirstSeqSpan } from './activity-group.ts'
import type { Seq } from './ids.ts'

/**
 * How many of a group's actors came first in which span of positions. "New since you last looked" is then a sum over
 * spans plus a count inside one of them, whatever the size of the group. Spans are closed by what was folded alone, so a
 * replay gives the same ones.
 */
const spanActors = 128
const spansMax = 64

/** With an actor who was never in the group, and came at `seq`, which is above all positions before. */
export function addFirst(spans: FirstSeqSpan[], seq: Seq): FirstSeqSpan[] {
  const last = spans.at(-1)
  if (last && last.came < widthOf(spans)) {
    last.upTo = seq
    last.actors++
    last.came++
    return spans
  }
  const more = appended(spans, { upTo: seq, actors: 1, came: 1 })
  if (more.length > spansMax) mergePairs(more)
  return more
}

/** An actor whose first position was `firstSeq` left (-1) or came back (+1). */
export function adjustFirst(spans: FirstSeqSpan[], firstSeq: Seq, by: 1 | -1): void {
  const span = spans[spanIndexOf(spans, firstSeq)]
  if (span) span.actors += by
}

/** The actors who came in the spans wholly above `after`, and the span that `after` cuts, which needs a count. */
export function countAfter(
  spans: readonly FirstSeqSpan[],
  after: Seq,
): { readonly whole: number; readonly cut: { readonly after: Seq; readonly upTo: Seq } | null } {
  let whole = 0
  let index = spans.length - 1
  for (; index >= 0; index--) {
    const from = spans[index - 1]?.upTo ?? 0
    const span = spans[index] as FirstSeqSpan
    if (from < after) break
    whole += span.actors
  }
  const cut = spans[index]
  return { whole, cut: cut && after < cut.upTo ? { after, upTo: cut.upTo } : null }
}

/** Spans are equally wide, and twice as wide after each merge; the first one is full as soon as there is a second. */
const widthOf = (spans: readonly FirstSeqSpan[]): number => Math.max(spanActors, spans[0]?.came ?? 0)

function spanIndexOf(spans: readonly FirstSeqSpan[], seq: Seq): number {
  let low = 0
  let high = spans.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle] as FirstSeqSpan).upTo >= seq) high = middle
    else low = middle + 1
  }
  return low
}

/** Halves the number of spans; the last stays open. */
function mergePairs(spans: FirstSeqSpan[]): void {
  const merged: FirstSeqSpan[] = []
  for (let i = 0; i < spans.length; i += 2) {
    const left = spans[i] as FirstSeqSpan
    const right = spans[i + 1]
    merged.push(right ? { upTo: right.upTo, actors: left.actors + right.actors, came: left.came + right.came } : left)
  }
  spans.splice(0, spans.length, ...merged)
}
