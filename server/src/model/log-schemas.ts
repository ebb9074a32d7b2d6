import type { AvroDeclaration, AvroField } from './avro-schema.ts'
import { logEventSchemas, logEventV2 } from './event-schema.ts'

/** Avro schemas of the log's other records. What is said of versions in event-schema.ts holds here as well. */

const record = (name: string, doc: string, fields: readonly AvroField[]): AvroDeclaration => ({
  type: 'record',
  name,
  namespace: 'headwater.log',
  doc,
  fields: [{ name: 'user_id', type: 'string', doc: 'Whose stream it changes.' }, ...fields],
})

const groupIds = { type: 'array', items: 'string' } as const

export const markSchema = record('Mark', 'The user marked groups, or all of them, up to a position.', [
  {
    name: 'mark',
    // Of marks that are not known, "seen" is the one that hides least.
    type: { type: 'enum', name: 'MarkKind', symbols: ['READ', 'SEEN'], default: 'SEEN' },
  },
  { name: 'group_ids', type: ['null', groupIds], default: null, doc: 'null = all groups.' },
  { name: 'up_to', type: 'long', doc: 'The position in the user’s stream up to which it holds.' },
])

export const groupDeletedSchema = record(
  'GroupDeleted',
  'A group vanishes: its user deleted it, or its object is gone.',
  [{ name: 'group_id', type: 'string' }],
)

export const actorErasedSchema = record('ActorErased', 'An actor’s account was deleted: it vanishes from the group.', [
  { name: 'actor_id', type: 'string' },
  { name: 'group_id', type: 'string' },
])

export const userErasedSchema = record('UserErased', 'The user’s account was deleted: the whole stream vanishes.', [])

/** What each kind is written with. */
export const logWriters = {
  event: logEventV2,
  mark: markSchema,
  group_deleted: groupDeletedSchema,
  actor_erased: actorErasedSchema,
  user_erased: userErasedSchema,
} as const

/** What can be read. */
export const logSchemas: readonly AvroDeclaration[] = [...logEventSchemas, ...Object.values(logWriters).slice(1)]
