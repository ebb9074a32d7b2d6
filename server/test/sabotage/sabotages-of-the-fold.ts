import type { Sabotage } from './sabotage.ts'

/** Mistakes between the log and what is stored. */
export const foldSabotages: readonly Sabotage[] = [
  {
    name: 'no-dedupe',
    why: 'A request that is sent again counts once more.',
    suite: 'fold',
    edits: [
      {
        file: 'server/src/model/register.ts',
        find: 'return rank[a.op] > rank[b.op]',
        replace: 'return rank[a.op] >= rank[b.op]',
      },
    ],
  },
  {
    name: 'count-events',
    why: '"Mia and 12 others" where one of them came twelve times.',
    suite: 'fold',
    edits: [
      {
        file: 'server/src/model/open-group.ts',
        find: "if (known?.op !== 'ADD') this.actorCount++",
        replace: 'this.actorCount++',
      },
    ],
  },
  {
    name: 'newest-by-arrival',
    why: 'A late event undoes a newer one.',
    suite: 'fold',
    edits: [
      {
        file: 'server/src/model/register.ts',
        find: 'if (a.createdAt !== b.createdAt) return a.createdAt > b.createdAt',
        replace: 'if (a.createdAt !== b.createdAt) return true',
      },
    ],
  },
  {
    name: 'forget-undo',
    why: 'An UNDO that comes before its ADD is forgotten, and the like stays for ever.',
    suite: 'fold',
    edits: [
      {
        file: 'server/src/model/open-group.ts',
        find: 'this.#setRegister(placed, known?.firstSeq ?? 0, known)',
        replace: 'if (known) this.#setRegister(placed, known.firstSeq, known)',
      },
    ],
  },
  {
    name: 'undo-makes-unread',
    why: 'Somebody takes a like back and a group that was read is unread again.',
    suite: 'fold',
    edits: [
      {
        file: 'server/src/model/open-group.ts',
        find: 'this.#uncount(known)\n    return this.#changed(placed)',
        replace: 'this.#uncount(known)\n    this.#raiseUnread(placed.seq)\n    return this.#changed(placed)',
      },
    ],
  },
  {
    name: 'id-not-from-event-time',
    why: 'Ids no longer sort as the list does: pages skip and repeat groups.',
    suite: 'views',
    edits: [
      {
        file: 'server/src/model/group-id.ts',
        find: 'return timeDigitsOf(createdAt) + base32(digest, 10)',
        replace: 'return timeDigitsOf(createdAt - openedSeq * 1_000) + base32(digest, 10)',
      },
    ],
  },
  {
    name: 'commit-before-store',
    why: 'A crash between the commit and the write loses what was accepted.',
    suite: 'hostile',
    edits: [
      {
        file: 'server/src/activity/partition-state.ts',
        find: 'for (const user of this.dirty) safe = Math.min(safe, user.firstDirty ?? safe)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'heads-before-rows',
    why: 'A page or a badge says how far it is complete, and is not.',
    suite: 'hostile sqlite',
    edits: [
      {
        file: 'server/src/activity/flush.ts',
        find: "if (heads.length > 0) steps.push(['heads', () => groups.putHeads(heads)])",
        replace: "if (heads.length > 0) steps.unshift(['heads', () => groups.putHeads(heads)])",
      },
    ],
  },
  {
    name: 'no-fence',
    why: 'A worker that slept through the loss of its partition overwrites what the new owner wrote.',
    suite: 'group store',
    edits: [
      {
        file: 'server/src/engines/sqlite/group-rows.ts',
        find: ' AND applied < ?9 AND seq_block = ?7',
        replace: ' AND seq_block = ?7',
      },
      {
        file: 'server/src/engines/sqlite/group-rows.ts',
        find: 'WHERE excluded.applied > groups.applied`',
        replace: '`',
      },
    ],
  },
  {
    name: 'keep-lost-partition',
    why: 'A worker that gets a partition back goes on from what it remembers, and not from what others made of it.',
    suite: 'hostile',
    edits: [
      {
        file: 'server/src/activity/aggregate.ts',
        find: 'this.#states.delete(partition)\n      await consumer.release(partition)',
        replace: 'await consumer.release(partition)',
      },
      {
        file: 'server/src/activity/aggregate.ts',
        find: 'for (const { partition, from } of poll.assigned) this.#states.set(partition, new PartitionState(partition, from))',
        replace:
          'for (const { partition, from } of poll.assigned) {\n      const kept = this.#states.get(partition)\n      if (kept) kept.folded = kept.committed = from\n      else this.#states.set(partition, new PartitionState(partition, from))\n    }',
      },
    ],
  },
  {
    name: 'unknown-is-failed',
    why: 'A write whose outcome is unknown is given up, and what follows it is stored.',
    suite: 'hostile',
    edits: [
      {
        file: 'server/src/activity/persist.ts',
        find: '        if (!isPassing(error) ||',
        replace:
          "        if (UnknownOutcome.is(error) && ['members', 'marks', 'heads'].includes(name)) return undefined as never\n        if (!isPassing(error) ||",
      },
    ],
  },
  {
    name: 'unknown-is-accepted',
    why: 'A 202 for events that may not be in the log: nobody sends them again.',
    suite: 'ingest',
    edits: [
      {
        file: 'server/src/activity/ingest.ts',
        find: "if (outcomes.some(isUnknown)) unavailable(new UnknownOutcome('some of the events may not be in the log'))",
        replace: '',
      },
    ],
  },
  {
    name: 'acknowledge-before-durable',
    why: 'A 202 for events that die with the process.',
    suite: 'full disk',
    edits: [
      {
        file: 'server/src/engines/sqlite/event-log.ts',
        find: 'await this.#db.write(insertRecords(records, encoded))',
        replace: 'void this.#db.write(insertRecords(records, encoded)).catch(() => {})',
      },
    ],
  },
  {
    name: 'synchronous-normal',
    why: 'A power cut takes back what was acknowledged.',
    suite: 'power',
    edits: [
      {
        file: 'server/src/engines/sqlite/writer-thread.ts',
        find: "connection.exec('PRAGMA synchronous = FULL')",
        replace: "connection.exec('PRAGMA synchronous = NORMAL')",
      },
      {
        file: 'server/src/engines/sqlite/writer-thread.ts',
        find: ' || synchronous !== 2) {',
        replace: ' || synchronous === 0) {',
      },
    ],
  },
  {
    name: 'increment-badge',
    why: 'The badge counts what came, and not what is unread.',
    suite: 'badge',
    edits: [
      {
        file: 'server/src/engines/memory/unread-set.ts',
        find: 'this.#remove(group.groupId)\n      if (group.visible) this.#place(group)',
        replace: 'if (group.visible) this.#place(group)',
      },
    ],
  },
  {
    name: 'badge-behind-head',
    why: 'A cache that missed a flush answers with old counts.',
    suite: 'badge cache',
    edits: [
      {
        file: 'server/src/activity/badge.ts',
        find: 'if (counts && counts.upTo >= needed) {',
        replace: 'if (counts) {',
      },
    ],
  },
  {
    name: 'kept-head',
    why: 'Counts and catch-up of rows that are newer than the head which is kept in memory.',
    suite: 'kept heads',
    edits: [
      {
        file: 'server/src/engines/sqlite/group-store.ts',
        find: 'return this.#db.isUnderWay(raiseHead, user) ? undefined : this.#heads.peek(user)',
        replace: 'return this.#heads.peek(user)',
      },
    ],
  },
  {
    name: 'badge-of-another',
    why: 'Two users who ask at the same time get the counts of one.',
    suite: 'badge cache',
    edits: [
      {
        file: 'server/src/activity/badge.ts',
        find: 'return building.get(user) ?? start(user)',
        replace: 'return building.values().next().value ?? start(user)',
      },
    ],
  },
  {
    name: 'read-goes-back',
    why: 'A mark that comes late, or twice, makes read groups unread.',
    suite: 'read marks',
    edits: [
      {
        file: 'server/src/engines/sqlite/read-marks.ts',
        find: 'read_upto = max(read_upto, excluded.read_upto)',
        replace: 'read_upto = excluded.read_upto',
      },
    ],
  },
  {
    name: 'skip-tombstone',
    why: 'A deleted object comes back with an event that was on its way.',
    suite: 'hostile sqlite',
    edits: [
      {
        file: 'server/src/activity/flush.ts',
        find: 'const late = job.openings.length > 0 ? await deleteLateOpenings(job.openings) : nobody',
        replace: 'const late = nobody',
      },
    ],
  },
  {
    name: 'erased-actor-comes-back',
    why: 'An account that was deleted is in a list again, because a late write brought it back.',
    suite: 'ghosts',
    edits: [
      {
        file: 'server/src/model/erasure.ts',
        find: 'if (group.erasures.length === 0) return false',
        replace: 'return false',
      },
    ],
  },
  {
    name: 'lose-of-a-batch',
    why: 'An event that was acknowledged is in no list.',
    suite: 'checkers',
    edits: [
      {
        file: 'server/src/activity/ingest.ts',
        find: 'const outcomes = await log.append(told).catch(unavailable)',
        replace: 'const outcomes = await log.append(told.slice(0, 3)).catch(unavailable)',
      },
    ],
  },
  {
    name: 'clock-in-the-fold',
    why: 'A rebuild from the log, or from a backup, shows something else than was shown.',
    suite: 'checkers',
    edits: [
      {
        file: 'server/src/model/open-group.ts',
        find: 'this.updatedAt = Math.max(this.updatedAt, createdAt)',
        replace: 'this.updatedAt = Date.now()',
      },
    ],
  },
  {
    name: 'no-condition',
    why: 'On a cluster a worker that has lost its partition, or asks again, takes back what another wrote since.',
    suite: 'groups on cassandra',
    edits: [
      {
        file: 'server/src/engines/cassandra/group-writes.ts',
        find: ' IF applied < ?',
        replace: ' IF applied != ?',
      },
    ],
  },
  {
    name: 'refused-condition-is-done',
    why: 'Where two workers write the same groups, some of their rows are never stored.',
    suite: 'groups on cassandra',
    edits: [
      {
        file: 'server/src/engines/cassandra/group-writes.ts',
        find: 'if (applied) return outcomes',
        replace: 'if (applied || tries >= 0) return outcomes',
      },
    ],
  },
  {
    name: 'another-id-after-a-lost-answer',
    why: 'Kafka stores a batch twice whose answer was lost, since it comes from somebody else.',
    suite: 'kafka producer',
    edits: [
      {
        file: 'server/src/engines/kafka/producer.ts',
        find: 'if (forgotten.has(code)) this.#restamp(lane, sent)',
        replace: 'this.#restamp(lane, sent)',
      },
    ],
  },
  {
    name: 'blame-nobody',
    why: 'A row that the store refuses stops all workers, again and again, until somebody finds it by hand.',
    suite: 'poison',
    edits: [
      {
        file: 'server/src/activity/flush.ts',
        find: 'for (const half of halvesOf(job)) await write(half)',
        replace: 'throw error',
      },
    ],
  },
  {
    name: 'increment-badge-in-redis',
    why: 'On a cluster the badge counts what came, and not what is unread.',
    suite: 'sets on redis',
    edits: [
      {
        file: 'server/src/engines/redis/unread-lua.ts',
        find: 'count(set, known_kind, was_unseen, -1)',
        replace: '',
      },
    ],
  },
]
