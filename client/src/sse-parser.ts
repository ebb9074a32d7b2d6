/** One event of a `text/event-stream`. */
export interface SseEvent {
  readonly event: string
  readonly data: string
}

/** An event longer than this is not one of ours; keeping it would let a stream fill the memory. */
const maxEventLength = 4 * 1024 * 1024

/** Takes a `text/event-stream` in pieces, cut anywhere, and gives the events as they become whole. */
export class SseParser {
  #rest = ''
  #event = ''
  #data: string[] = []
  #length = 0

  /** Throws `RangeError` when an event grows past every sane size. */
  push(text: string): SseEvent[] {
    const events: SseEvent[] = []
    // A carriage return at the very end may be the first half of a line end.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const event = this.#line(line)
      if (event) events.push(event)
    }
    if (this.#length + this.#rest.length > maxEventLength) throw new RangeError('An event of the stream is too long')
    return events
  }

  #line(line: string): SseEvent | null {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    if (field === 'data') {
      this.#data.push(value)
      this.#length += value.length
    }
    return null
  }

  #dispatch(): SseEvent | null {
    const event = this.#data.length > 0 ? { event: this.#event || 'message', data: this.#data.join('\n') } : null
    this.#event = ''
    this.#data = []
    this.#length = 0
    return event
  }
}
