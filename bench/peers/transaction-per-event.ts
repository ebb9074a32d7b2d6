// What one writes first: a server that stores each event in a transaction of its own (the event, the actor once a group,
// the group's count) on the same disk with the same fsync, and answers when it is stored. Argument: the data directory.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { serve } from '../measuring/child.ts'

const db = new DatabaseSync(join(process.argv[2]!, 'peer.sqlite'))
db.exec(`
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE events (event_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE actors (group_key TEXT NOT NULL, actor TEXT NOT NULL, PRIMARY KEY (group_key, actor)) WITHOUT ROWID;
CREATE TABLE groups (
  group_key TEXT PRIMARY KEY, user_id TEXT NOT NULL, actors INTEGER NOT NULL, newest TEXT NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX groups_by_user ON groups (user_id, updated_at);
`)
const begin = db.prepare('BEGIN IMMEDIATE')
const commit = db.prepare('COMMIT')
const addEvent = db.prepare('INSERT OR IGNORE INTO events (event_id, body) VALUES (?, ?)')
const addActor = db.prepare('INSERT OR IGNORE INTO actors (group_key, actor) VALUES (?, ?)')
const addGroup = db.prepare(`
INSERT INTO groups (group_key, user_id, actors, newest, updated_at) VALUES (?, ?, 1, ?, ?)
ON CONFLICT (group_key) DO UPDATE SET actors = actors + 1, newest = excluded.newest, updated_at = excluded.updated_at`)

interface Event {
  readonly event_id: string
  readonly event_type: string
  readonly actor_id: string
  readonly target_user_id: string
  readonly object_id: string
  readonly created_at: number
}

function store(event: Event): void {
  const key = `${event.target_user_id} ${event.event_type} ${event.object_id}`
  begin.run()
  if (
    addEvent.run(event.event_id, JSON.stringify(event)).changes === 1 &&
    addActor.run(key, event.actor_id).changes === 1
  ) {
    addGroup.run(key, event.target_user_id, event.actor_id, event.created_at)
  }
  commit.run()
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Event | { events: readonly Event[] }
    const events = 'events' in body ? body.events : [body]
    for (const event of events) store(event)
    const answer = JSON.stringify({ accepted: events.length })
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => {
  serve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, {})
})
