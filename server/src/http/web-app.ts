import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'

interface WebFile {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
}

/**
 * The built web app, read into memory at start: what is not in the map cannot be asked for, so no path leads out of the
 * folder. Keys are paths of addresses, `/assets/main.js`.
 */
export type WebApp = ReadonlyMap<string, WebFile>

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/** Empty when the folder does not exist: the server runs without its web app. */
export async function loadWebApp(folder: string): Promise<WebApp> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const files = new Map<string, WebFile>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const body = await readFile(path)
    files.set(`/${relative(folder, path).split(sep).join('/')}`, {
      body,
      type: types[extname(path)] ?? 'application/octet-stream',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    })
  }
  return files
}

/** What the docs page shares with the built one. */
export const lookOf = (app: WebApp) => ({
  hasHome: app.has('/index.html'),
  font: [...app.keys()].find((path) => /^\/assets\/inter-latin-[\w-]+\.woff2$/.test(path)),
})

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: https: http:",
  "font-src 'self'",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const webAppMethods: readonly string[] = ['GET', 'HEAD']

/** The file that an address stands for. */
export const filePath = (path: string): string => (path === '/' ? '/index.html' : decoded(path))

/** Answers with a file, or that the caller has it. */
export function sendFile(file: WebFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.header('content-security-policy', policy).header('etag', file.etag).type(file.type)
  // Names of assets carry a hash of their content; the page that names them must be asked for again.
  reply.header('cache-control', request.url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (isNamed(file.etag, request.headers['if-none-match'])) return reply.code(304).send()
  return reply.code(200).send(file.body)
}

/** Whether one of the tags is this one, be it as weak as a proxy that compresses makes it (RFC 9110, section 13.1.2). */
const isNamed = (etag: string, tags = ''): boolean =>
  tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
