import type { JsonObject } from './event.ts'
import type { UserRef } from './group.ts'

/** A user as `GET /v1/users/{id}` shows it. `properties` is there only for the API key and that user. */
export interface User extends UserRef {
  readonly locale: string | null
  readonly properties?: JsonObject
  readonly created_at: number
  readonly updated_at: number
}

/** The answer to `POST /v1/tokens`. */
export interface IssuedToken {
  readonly token: string
  readonly token_id: string
  readonly expires_at: number
}
