import type { UserId } from '../model/ids.ts'
import type { ObjectRef } from '../ports/object-index.ts'
import type { Ports } from '../ports/ports.ts'
import { wrapMethods } from './wrapped-port.ts'

/** Told when a write came to its end, whatever its outcome, and before the one who asked for it goes on. */
export interface WriteListener {
  /** A user's groups, members, marks or head, or their set of unread groups by a mark. */
  streamWritten(user: UserId): void
  /** The record of a user: name, picture, language. */
  personWritten(id: UserId): void
  tombstoneWritten(object: ObjectRef): void
}

/** The same ports, telling of everything written through them that a reader of a stream may see. */
export function tellWrites(ports: Ports, on: WriteListener): Ports {
  const { groups, members, marks, unread, users, objects, views } = ports
  const streams = (all: Iterable<{ readonly user: UserId }>) => {
    for (const { user } of all) on.streamWritten(user)
  }
  return {
    ...ports,
    groups: with_(groups, {
      putGroups: after(groups.putGroups.bind(groups), (batches) => streams(batches)),
      putHeads: after(groups.putHeads.bind(groups), (heads) => streams(heads)),
      // What is past retention is on no page any more.
      purge: after(groups.purge.bind(groups), (what) => {
        if ('user' in what) on.streamWritten(what.user)
      }),
    }),
    members: with_(members, {
      put: after(members.put.bind(members), (batches) => streams(batches)),
      erase: after(members.erase.bind(members), (what) => streams(what)),
    }),
    marks: with_(marks, {
      raise: after(marks.raise.bind(marks), (changes) => streams(changes)),
      purge: after(marks.purge.bind(marks), (user) => on.streamWritten(user)),
    }),
    unread: with_(unread, {
      // A flush is told of by its rows and the head, without which no count takes it in.
      mark: after(unread.mark.bind(unread), (user, changes) => {
        if (changes.length > 0) on.streamWritten(user)
      }),
    }),
    users: with_(users, {
      put: after(users.put.bind(users), ({ id }) => on.personWritten(id)),
      erase: after(users.erase.bind(users), (id) => on.personWritten(id)),
    }),
    objects: with_(objects, {
      putTombstone: after(objects.putTombstone.bind(objects), (object) => on.tombstoneWritten(object)),
    }),
    ...(views && {
      views: with_(views, {
        write: after(views.write.bind(views), ({ rows, members: batches, marks: raised, heads }) => {
          for (const written of [rows, batches, raised, heads]) streams(written)
        }),
      }),
    }),
  }
}

const with_ = <T extends object>(port: T, changed: Partial<T>): T =>
  wrapMethods(port, (run, name) => (Object.hasOwn(changed, name) ? (changed[name as keyof T] as typeof run) : run)) as T

const after =
  <Given extends readonly unknown[], T>(write: (...given: Given) => Promise<T>, tell: (...given: Given) => void) =>
  async (...given: Given): Promise<T> => {
    try {
      return await write(...given)
    } finally {
      tell(...given)
    }
  }
