import { HeadwaterError } from './error.ts'
import { type ClientSeams, cancel } from './seams.ts'

/** A user token, or how to get one; the function is called again when the server refuses what it gave. */
export type TokenOption = string | (() => string | Promise<string>)

/** Where requests and sockets get their token from. */
export interface TokenSource {
  /** The current token; callers at the same time share one call. Throws `no_token` or `token_unavailable`. */
  get(): Promise<string>
  /** The server refused `token`: the next `get` brings another one, if that is possible. */
  refused(token: string): void
  /** False when there is only this one token. */
  readonly renewable: boolean
}

const functionTimeoutMs = 30_000

export function createTokenSource(option: TokenOption | undefined, seams: ClientSeams): TokenSource {
  if (typeof option === 'string') {
    // As a command or a file ends it: a header loses the end of the line, and the frame of a socket would not.
    const token = option.trim()
    return { get: async () => token, refused: () => {}, renewable: false }
  }
  if (!option) return { get: () => Promise.reject(new HeadwaterError('no_token')), refused: () => {}, renewable: false }
  return new RenewingTokens(option, seams)
}

class RenewingTokens implements TokenSource {
  readonly renewable = true
  readonly #renew: () => string | Promise<string>
  readonly #seams: ClientSeams
  #token: string | null = null
  #pending: Promise<string> | null = null

  constructor(renew: () => string | Promise<string>, seams: ClientSeams) {
    this.#renew = renew
    this.#seams = seams
  }

  async get(): Promise<string> {
    if (this.#token !== null) return this.#token
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = null
    })
    return await this.#pending
  }

  refused(token: string): void {
    if (this.#token === token) this.#token = null
  }

  async #fetch(): Promise<string> {
    let timer: Disposable | undefined
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error('The token function took too long'))
      timer = this.#seams.scheduler.after(functionTimeoutMs, fail)
    })
    try {
      const given: unknown = await Promise.race([this.#renew(), late])
      const token = typeof given === 'string' ? given.trim() : ''
      if (token === '') throw new TypeError('The token function gave no token')
      this.#token = token
      return token
    } catch (cause) {
      throw failed(cause)
    } finally {
      cancel(timer)
    }
  }
}

const pick = ({ status, retryable, retryAfterMs }: HeadwaterError) => ({ status, retryable, retryAfterMs })

/** A function that uses this package says itself whether asking it again may help; of any other it is hoped. */
function failed(cause: unknown): HeadwaterError {
  const known = HeadwaterError.is(cause) ? pick(cause) : {}
  return new HeadwaterError('token_unavailable', { ...known, detail: `The token function failed: ${cause}`, cause })
}
