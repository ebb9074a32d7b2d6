/**
 * Every code that an answer, a rejected item or a closed socket can carry. A test keeps `docs/reference/errors.md`
 * equal to these tables. `title` is public; what a log says about a failure is a field of its own.
 */

interface HttpError {
  readonly status: number
  readonly title: string
  /** True when the same request may succeed later without change. */
  readonly retryable: boolean
}

const error = (status: number, title: string, retryable = false): HttpError => ({ status, title, retryable })

/** By code: what a refused request is answered with, as `application/problem+json`. */
export const httpErrors = {
  invalid_request: error(400, 'The request is not valid'),
  invalid_json: error(400, 'The body is not valid JSON'),
  user_required: error(400, 'This route acts for a user: name one with X-User-Id'),
  bad_cursor: error(400, 'The cursor is not one that this list gave to you'),
  unauthenticated: error(401, 'A valid API key or user token is required'),
  forbidden: error(403, 'You may not do this'),
  not_found: error(404, 'There is no such thing'),
  route_not_found: error(404, 'There is no such route'),
  method_not_allowed: error(405, 'This route does not take that method'),
  request_timeout: error(408, 'The request took too long to arrive', true),
  idempotency_in_progress: error(409, 'A request with this Idempotency-Key is still running', true),
  cursor_expired: error(410, 'The cursor is older than the data it points at'),
  body_too_large: error(413, 'The body is too large'),
  uri_too_long: error(414, 'The address is too long'),
  unsupported_media_type: error(415, 'This route does not take that Content-Type'),
  idempotency_key_reused: error(422, 'This Idempotency-Key was used with another body'),
  upgrade_required: error(426, 'This address takes WebSockets: ask for an upgrade'),
  rate_limited: error(429, 'Too many requests', true),
  headers_too_large: error(431, 'The headers are too large'),
  internal: error(500, 'Something went wrong on our side', true),
  overloaded: error(503, 'The server is overloaded', true),
  ingest_unavailable: error(503, 'Events cannot be taken in at the moment', true),
  store_unavailable: error(503, 'The store cannot be reached at the moment', true),
  storage_full: error(503, 'The disk is full', true),
} as const satisfies Record<string, HttpError>

export type HttpErrorCode = keyof typeof httpErrors

/** Codes of one field or one item: `errors[].code` and `rejected[].code`. */
export const itemErrors = {
  required: 'A required field is missing',
  unknown_field: 'The field or query parameter does not exist; the nearest known name is in the detail',
  invalid_type: 'The value has the wrong type',
  invalid_value: 'The value is not one of those allowed',
  out_of_range: 'The number is outside its range',
  too_short: 'The text or list is too short',
  too_long: 'The text or list is too long',
  too_deep: 'The value is nested too deeply',
  invalid_id: 'The id has characters or a length that are not allowed',
  invalid_event_id: 'The event id is not a UUIDv7',
  invalid_character: 'The text holds a character that cannot be kept',
  forbidden_key: 'The key is not allowed',
  repeated: 'The parameter is given more than once',
  unknown_event_type: 'The event type does not exist',
  verb_required: 'A CUSTOM event needs a verb',
  verb_not_allowed: 'Only a CUSTOM event has a verb',
  metadata_too_large: 'The metadata is larger than 8 KiB',
  created_at_in_future: 'created_at is more than 5 minutes ahead',
  created_at_too_old: 'created_at is more than 90 days back',
  avro_invalid: 'The Avro value cannot be decoded',
  avro_unknown_schema: 'The fingerprint names no schema known here',
  cloudevent_invalid: 'The CloudEvent is not valid',
} as const satisfies Record<string, string>

export type ItemErrorCode = keyof typeof itemErrors

/** Codes of `error` frames: the client may go on. After ten of them the socket is closed. */
export const frameErrors = {
  bad_frame: 'The frame is no JSON object of a known type, or a field of it is wrong',
  invalid_seq: 'Only a position that was sent on this socket can be acknowledged',
  forbidden: 'The frame names another user than the one of the socket',
  user_required: 'An API key acts for a user: name one in `user_id` of the frame, or in X-User-Id',
  rate_limited:
    'More than 50 frames a second, after a burst of 100; the first ack of each frame that was sent does not count',
} as const satisfies Record<string, string>

export type FrameErrorCode = keyof typeof frameErrors

/** WebSocket close codes. 4000–4499: reconnect with full jitter. 4500–4999: not with the same token. */
export const closeCodes = {
  server_closing: 4000,
  slow_consumer: 4001,
  stale: 4002,
  overloaded: 4003,
  bad_frame: 4500,
  unauthenticated: 4501,
  token_expired: 4502,
  token_revoked: 4503,
  too_many_sockets: 4504,
  auth_timeout: 4505,
} as const

export type CloseReason = keyof typeof closeCodes

/** The body of every failed request: RFC 9457 problem details with a stable `code`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: HttpErrorCode
  readonly errors?: readonly { readonly path: string; readonly code: string; readonly detail: string }[]
  /** Where groups cannot be read at the moment: the counts as they were known last. */
  readonly badge?: LastKnownBadge
}

/** Counts that may have changed since. They belong to the position `seq` of `epoch`. */
export interface LastKnownBadge {
  readonly unread_count: number
  readonly unseen_count: number
  readonly epoch: string
  readonly seq: number
  readonly stale: true
}
