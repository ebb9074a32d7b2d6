import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpErrorCode } from '@headwater/protocol'
import { HeadwaterError } from '../lib/error.ts'
import { problemOf, problemType } from './problem.ts'
import type { UnreadBodies } from './unread-body.ts'

const parserCodes: Readonly<Record<string, HttpErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
}

/** Answers what is no HTTP, too large to read or too slow to arrive, where there is no request to answer yet. */
export function answerBrokenRequest(
  error: Error & { readonly code?: string },
  socket: Socket,
  unread: Pick<UnreadBodies, 'hangUp'>,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy()
  const answer = answerUnderWay(socket)
  // What is written now would become part of that answer.
  if (answer?.headersSent) return void socket.destroy()
  // The request before it came whole, and its answer is still to be made: it may have been stored, so it is not refused.
  if (answer?.req.complete) {
    answer.shouldKeepAlive = false
    return
  }
  const problem = problemOf(new HeadwaterError(parserCodes[error.code ?? ''] ?? 'invalid_request'))
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  unread.hangUp(socket)
}

/** The answer that a connection waits for or is in the middle of; Node itself decides by the same field. */
const answerUnderWay = (socket: Socket & { readonly _httpMessage?: ServerResponse | null }) => socket._httpMessage
