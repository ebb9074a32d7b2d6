import type { JsonObject } from './event.ts'
import type { UserRef } from './group.ts'

/** Ids of users: 1–128 of these characters. */
export const userIdPattern = /^[A-Za-z0-9._:@-]{1,128}$/

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
