// Imports point one way. The rules are in architecture/arrows.ts; here they are held against the code, and each
// against code that breaks it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { circles, wrongArrows } from './architecture/arrows.ts'
import { parseSource } from './architecture/source-file.ts'
import { readSources } from './architecture/source-tree.ts'

test('every import of the code follows an arrow', () => {
  assert.deepEqual(readSources().flatMap(wrongArrows), [])
})

test('no feature uses itself through others', () => {
  assert.deepEqual(circles(readSources()), [])
})

describe('a wrong import is found', () => {
  const wrong: readonly (readonly [path: string, code: string, reason: RegExp])[] = [
    ['protocol/src/event.ts', "import { x } from 'ws'", /does not name/],
    ['protocol/src/event.ts', "import { x } from '../../client/src/x.ts'", /another workspace/],
    ['protocol/src/event.ts', "import { hash } from 'node:crypto'", /browsers/],
    ['client/src/client.ts', "import { x } from '@headwater/server'", /does not name/],
    ['client/src/client.ts', "import { WebSocket } from 'ws'", /does not name/],
    ['client/src/client.ts', "import type { Socket } from 'node:net'", /browsers/],
    ['server/src/lib/batch.ts', "import { x } from '../model/event.ts'", /from lib to model/],
    ['server/src/lib/batch.ts', "import type { X } from '../ports/event-log.ts'", /from lib to ports/],
    ['server/src/model/event.ts', "import type { X } from '../ports/event-log.ts'", /from model to ports/],
    ['server/src/model/event.ts', "import { x } from '../config/load.ts'", /from model to config/],
    ['server/src/model/event.ts', "import { readFile } from 'node:fs/promises'", /pure/],
    ['server/src/model/event.ts', "import { LRUCache } from 'lru-cache'", /pure/],
    ['server/src/ports/event-log.ts', "import type { X } from '../feed/read.ts'", /from ports to feed/],
    ['server/src/ports/event-log.ts', "import { x } from '../model/event.ts'", /types only/],
    ['server/src/ports/event-log.ts', "import type { Readable } from 'node:stream'", /into a port/],
    ['server/src/engines/sqlite/open.ts', "import { x } from '../../feed/read.ts'", /from engines to feed/],
    ['server/src/engines/sqlite/open.ts', "import { x } from '../../config/load.ts'", /from engines to config/],
    ['server/src/engines/sqlite/open.ts', "import { x } from '../memory/open.ts'", /another engine/],
    ['server/src/engines/sqlite/open.ts', "import { x } from '../embedded.ts'", /another engine/],
    ['server/src/engines/embedded.ts', "import { x } from '../feed/read.ts'", /from engines to feed/],
    ['server/src/conformance/suite.ts', "import { x } from '../engines/memory/open.ts'", /from conformance to engines/],
    ['server/src/feed/read.ts', "import { x } from '../engines/memory/open.ts'", /from feed to engines/],
    ['server/src/feed/read.ts', "export * from '../engines/memory/open.ts'", /from feed to engines/],
    ['server/src/feed/read.ts', "await import('../engines/memory/open.ts')", /from feed to engines/],
    ['server/src/feed/read.ts', "type X = import('../engines/memory/open.ts').X", /from feed to engines/],
    ['server/src/feed/read.ts', "new URL('../engines/memory/open.ts', import.meta.url)", /from feed to engines/],
    ['server/src/feed/read.ts', "import { x } from '../http/app.ts'", /from feed to http/],
    ['server/src/feed/read.ts', "import { x } from '../server.ts'", /from feed to server\.ts/],
    ['server/src/http/app.ts', "import { x } from '../gateway/session.ts'", /from http to gateway/],
    ['server/src/gateway/session.ts', "import { x } from '../engines/memory/open.ts'", /from gateway to engines/],
    ['server/src/cli/run.ts', "import { x } from '../engines/memory/open.ts'", /from cli to engines/],
    ['server/src/main.ts', "import { x } from './engines/memory/open.ts'", /from main\.ts to engines/],
    ['server/src/assemble.ts', "import { x } from './engines/memory/open.ts'", /from assemble\.ts to engines/],
    ['server/src/engines/embedded.ts', "import { x } from '../config/load.ts'", /from engines to config/],
    ['server/src/gateway/session.ts', "import { x } from './testing/fake-client.ts'", /for tests/],
    ['server/src/stuff/x.ts', "import { x } from '../lib/batch.ts'", /no layer yet/],
    ['server/src/server.ts', 'await import(name)', /no reader can follow/],
    // A template in quotes, as planted code.
    ['server/src/server.ts', `await import(\`./engines/\${name}/open.ts\`)`, /no reader can follow/],
    ['server/src/server.ts', "import { x } from './lib/batch'", /without its \.ts/],
    ['server/src/server.ts', "import { x } from './lib/batch.js'", /without its \.ts/],
    ['server/src/server.ts', "import { x } from '#lib/batch.ts'", /path alias/],
    ['server/src/server.ts', "import { x } from '@/lib/batch.ts'", /path alias/],
    ['server/src/server.ts', "import { x } from 'left-pad'", /does not name/],
    ['server/src/server.ts', "import { x } from '../../client/src/client.ts'", /another workspace/],
    ['server/src/server.ts', "import { Pool } from 'pg'", /the driver pg/],
    ['server/src/engines/postgres/open.ts', "import { Pool } from 'pg'", /the driver pg/],
    ['server/src/engines/postgres/user-store.ts', "await import('pg')", /the driver pg/],
    [
      'server/src/engines/kafka/event-log.ts',
      "import { X } from '@platformatic/kafka'",
      /the driver @platformatic\/kafka/,
    ],
    ['server/src/server.test.ts', "import { x } from './lib/batch'", /without its \.ts/],
  ]
  for (const [path, code, reason] of wrong) {
    test(`${path}: ${code}`, () => {
      const [found, ...more] = wrongArrows(parseSource(path, code))
      assert.match(found ?? 'nothing found', reason)
      assert.deepEqual(more, [])
    })
  }

  test('features in a circle', () => {
    const file = (path: string, target: string) => parseSource(path, `import { x } from '../${target}/x.ts'`)
    const line = [file('server/src/feed/x.ts', 'post'), file('server/src/post/x.ts', 'graph')]
    assert.deepEqual(circles(line), [])
    assert.equal(circles([...line, file('server/src/graph/x.ts', 'feed')]).length, 3)
  })
})

describe('a right import is left alone', () => {
  const right: readonly (readonly [path: string, code: string])[] = [
    ['server/src/feed/read.ts', "import type { Graph } from '../ports/graph-store.ts'"],
    ['server/src/feed/read.ts', "import { x } from '../post/read.ts'"],
    ['server/src/feed/read.ts', "// import { x } from '../engines/memory/open.ts'"],
    ['server/src/feed/read.ts', `const text = "import { x } from '../engines/memory/open.ts'"`],
    ['server/src/server.ts', "import { x } from './feed/read.ts'; await import('./engines/sqlite/open.ts')"],
    ['server/src/engines/embedded.ts', "import { x } from './sqlite/open.ts'"],
    ['server/src/engines/embedded.ts', "import type { Config } from '../config/load.ts'"],
    ['server/src/testing.ts', "import { x } from './gateway/testing/fake-client.ts'"],
    ['server/src/engines/postgres/open.ts', "await import('pg')"],
    ['server/src/engines/postgres/user-store.ts', "import type { Pool } from 'pg'"],
    ['server/src/model/group-id.ts', "import { createHash } from 'node:crypto'"],
    ['server/src/ports/event-log.ts', "import type { X } from '../model/event.ts'"],
    ['server/src/engines/sqlite/event-log.test.ts', "import { x } from '../../conformance/event-log.ts'"],
    ['client/src/client.ts', "import { x } from '@headwater/protocol'"],
  ]
  for (const [path, code] of right) {
    test(`${path}: ${code}`, () => assert.deepEqual(wrongArrows(parseSource(path, code)), []))
  }
})
