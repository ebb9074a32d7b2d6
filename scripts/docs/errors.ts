import { closeCodes, frameErrors, httpErrors, itemErrors } from '../../protocol/src/error-codes.ts'

/** The page docs/reference/errors.md, made from the tables in protocol/src/error-codes.ts. */
export const errorsPage = (): string => `${[intro, http, items, frames, sockets].join('\n\n')}\n`

const intro = `# Errors

<!-- Generated from protocol/src/error-codes.ts by \`npm run docs\`. -->

A failed request is answered with \`application/problem+json\`: \`{type, title, status, detail, code}\`, and \`errors: [{path, code, detail}]\` when a
body or query did not pass validation. \`code\` never changes; \`title\` and \`detail\` are for people. No answer carries a stack, a file name or a query.`

const http = `## Codes of requests

*Retry* means that the same request may succeed later without change; where the answer has \`Retry-After\`, wait that many seconds.

| Code | Status | Title | Retry |
|---|---|---|---|
${Object.entries(httpErrors)
  .map(([code, { status, title, retryable }]) => `| \`${code}\` | ${status} | ${title} | ${retryable ? 'yes' : 'no'} |`)
  .join('\n')}`

const items = `## Codes of fields and items

In \`errors[].code\` of a \`400 invalid_request\`, and in \`rejected[].code\` of \`POST /v1/events\`.

| Code | Meaning |
|---|---|
${Object.entries(itemErrors)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join('\n')}`

const frames = `## Codes of error frames

A socket says with a frame \`{"type": "error", code, detail}\` what it could not take. The client may go on; after ten of them the socket is closed.

| Code | Meaning |
|---|---|
${Object.entries(frameErrors)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join('\n')}`

const meanings: Readonly<Record<keyof typeof closeCodes, string>> = {
  server_closing: 'The server stops; a frame `server_closing` with `retry_after_ms` came before.',
  slow_consumer:
    'The client did not take its frames as fast as they came: for a second more than 256 KiB or 500 frames waited for it.',
  stale: 'Nothing was heard from the client for too long.',
  overloaded: 'The server has too many sockets or too much to do, or the client sent too many frames.',
  bad_frame: 'Ten frames of the client were wrong.',
  unauthenticated: 'The token is missing or wrong.',
  token_expired: 'The token has expired; get a new one.',
  token_revoked: 'The token was revoked; get a new one.',
  too_many_sockets: 'The user has too many open sockets.',
  auth_timeout: 'No `auth` frame came in time.',
}

const sockets = `## Close codes of sockets

4000–4499: connect again, with full jitter. 4500–4999: not with the same token.

| Close code | Reason | Meaning |
|---|---|---|
${Object.entries(closeCodes)
  .map(([reason, code]) => `| ${code} | \`${reason}\` | ${meanings[reason as keyof typeof closeCodes]} |`)
  .join('\n')}`
