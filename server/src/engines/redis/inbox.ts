import { LRUCache } from 'lru-cache'
import type { StreamMessage } from '../../ports/pub-sub.ts'

/** Publishers whose numbers are remembered. */
const publishersMax = 10_000

/**
 * What one channel of a node takes in. A publisher numbers its messages on each channel, so a number left out is a message
 * that was missed.
 */
export class Inbox {
  readonly #numbers = new LRUCache<string, number>({ max: publishersMax })
  /** Nobody can have spoken on this channel before it was heard: everybody's first number is 1. */
  #isNew: boolean

  constructor(isNew: boolean) {
    this.#isNew = isNew
  }

  /** The connection broke: whatever was said meanwhile is missing, and said to be. */
  startOver(): void {
    this.#numbers.clear()
    this.#isNew = false
  }

  /** `isGap`: something was missed before these messages. */
  take(text: string): { readonly isGap: boolean; readonly messages: readonly StreamMessage[] } {
    const end = text.indexOf('\n')
    const space = text.indexOf(' ')
    const publisher = text.slice(0, space)
    const number = Number(text.slice(space + 1, end))
    const last = this.#numbers.get(publisher)
    this.#numbers.set(publisher, number)
    const isNext = last === undefined ? number === 1 || !this.#isNew : number === last + 1
    return { isGap: !isNext, messages: JSON.parse(text.slice(end + 1)) as StreamMessage[] }
  }
}
