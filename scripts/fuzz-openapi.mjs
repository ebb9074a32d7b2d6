// Asks a real server everything that its own OpenAPI document allows, and much that it does not, and holds every
// answer against the document: no 5xx, no status, content type or body that is not documented, no wrong request
// taken and no right one refused. Schemathesis makes the requests (HEADWATER_SCHEMATHESIS, or the one on PATH).
//
// HEADWATER_FUZZ_SEED asks other questions; HEADWATER_FUZZ_EXAMPLES more of them for each route.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { forKeyAlone, testableDocument } from './fuzz/document.mjs'
import { schemathesis, settings } from './fuzz/schemathesis.mjs'
import { startServer } from './fuzz/server.mjs'
import { fill, tokenOf } from './fuzz/stream.mjs'

const seed = process.env.HEADWATER_FUZZ_SEED ?? '1'
const examples = process.env.HEADWATER_FUZZ_EXAMPLES ?? '15'

const folder = mkdtempSync(join(tmpdir(), 'headwater-fuzz-'))
try {
  process.exitCode = await fuzz()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function fuzz() {
  const server = await startServer(join(folder, 'data'))
  const ok = []
  try {
    const published = await server.json('GET', '/openapi.json')
    for (const caller of [theServer, aUser, nobody]) {
      const { name, headers = [], known, args } = await caller(server, published)
      const document = join(folder, 'openapi.json')
      writeFileSync(document, JSON.stringify(testableDocument(published, Date.now(), { isUser: caller === aUser })))
      const config = join(folder, 'schemathesis.toml')
      writeFileSync(config, settings(known))
      const target = [document, '--url', server.url, '--seed', seed, ...args, ...headers.flatMap((one) => ['-H', one])]
      const { code, output, counted } = await schemathesis(config, target, folder)
      console.log(`${name}: ${counted ?? 'not one request was counted'} (seed ${seed})`)
      ok.push(code === 0 && counted !== undefined)
      if (!ok.at(-1)) console.log(output)
    }
  } finally {
    const trouble = await server.stop()
    for (const line of trouble) console.log(line)
    ok.push(trouble.length === 0)
  }
  return ok.every(Boolean) ? 0 : 1
}

/** The customer's server, for a user who has groups. */
async function theServer(server) {
  const known = await fill(server, 'carol')
  const headers = [`Authorization: Bearer ${server.apiKey}`, 'X-User-Id: carol']
  return { name: 'With the API key', headers, known, args: ['-n', examples] }
}

/** A user by token, who is refused the rest anyway. One of its own: the first run may have revoked what carol has. */
async function aUser(server, published) {
  const known = await fill(server, 'dora')
  const headers = [`Authorization: Bearer ${await tokenOf(server, 'dora')}`]
  const excluded = forKeyAlone(published).flatMap((id) => ['--exclude-operation-id', id])
  return { name: 'With a user token', headers, known, args: ['-n', examples, ...excluded] }
}

/** Nobody in particular, who is refused nearly everything. */
async function nobody() {
  return { name: 'Without a credential', args: ['-n', '5', '--phases', 'fuzzing'] }
}
