/** Lets through `perS` a second, and up to `burst` at once after a pause. */
export class TokenBucket {
  readonly #perS: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(perS: number, burst: number, now: number) {
    this.#perS = perS
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#perS) / 1000)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** What was taken last is not counted. */
  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }
}
