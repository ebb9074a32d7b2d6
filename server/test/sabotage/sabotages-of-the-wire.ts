import type { Sabotage } from './sabotage.ts'

/** Mistakes between what is stored and who reads it. */
export const wireSabotages: readonly Sabotage[] = [
  {
    name: 'page-before-filter',
    why: 'A page is cut before what nobody may see is taken out: short pages in the middle of a list.',
    suite: 'full pages',
    edits: [
      {
        file: 'server/src/activity/read.ts',
        find: 'const next = rows.length > limit ? (shown.at(-1)?.groupId ?? null) : null',
        replace: 'const next = ended ? null : (shown.at(-1)?.groupId ?? null)',
      },
      {
        file: 'server/src/activity/read.ts',
        find: 'if (rows.length > limit || ended) {',
        replace: 'if (rows.length >= 0) {',
      },
    ],
  },
  {
    name: 'page-kept-after-write',
    why: 'What somebody read or deleted is on the first page as it was.',
    suite: 'kept pages',
    edits: [
      {
        file: 'server/src/activity/kept-pages.ts',
        find: 'stamp.spoiled = true\n    this.#stamps.delete(user)',
        replace: '',
      },
    ],
  },
  {
    name: 'page-kept-after-deletion',
    why: 'A deleted object is seen by everyone whose first page was made before.',
    suite: 'kept pages',
    edits: [
      {
        file: 'server/src/activity/kept-pages.ts',
        find: 'this.#news.add(objectHash(object))',
        replace: '',
      },
    ],
  },
  {
    name: 'unsigned-cursor',
    why: 'A cursor that somebody made up opens the list at a place, or of a user, that was not given.',
    suite: 'cursors',
    edits: [
      {
        file: 'server/src/http/cursor.ts',
        find: '!isWhole || !keys.some((key) => timingSafeEqual(sealOf(key, scope, content), seal))',
        replace: '!isWhole || seal.length < sealBytes',
      },
    ],
  },
  {
    name: 'no-replay',
    why: 'A request with an Idempotency-Key runs again when its answer was lost.',
    suite: 'idempotency',
    edits: [
      {
        file: 'server/src/http/idempotency.ts',
        find: 'replay(reply, outcome.answer)\n          return true',
        replace: 'return false',
      },
    ],
  },
  {
    name: 'no-origin-check',
    why: 'Any page that a user visits may open the stream with what the browser knows.',
    suite: 'sockets',
    edits: [
      {
        file: 'server/src/gateway/origin.ts',
        find: "if (!page || page.origin !== origin || (page.protocol !== 'http:' && page.protocol !== 'https:')) return false",
        replace: 'if (page) return true\n  if (!page) return false',
      },
    ],
  },
  {
    name: 'drop-when-full',
    why: 'A slow client misses a frame and never learns of it.',
    suite: 'slow clients',
    edits: [
      {
        file: 'server/src/gateway/outbound-queue.ts',
        find: 'this.#waiting ??= new Map()\n    this.#waiting.set(key, item)',
        replace:
          'this.#waiting ??= new Map()\n    if (!item.backlog && this.#waiting.size >= this.#rules.maxFrames) return\n    this.#waiting.set(key, item)',
      },
    ],
  },
  {
    name: 'chain-from-store',
    why: 'Frames that were folded into one leave a hole in the chain, and every client reads everything anew.',
    suite: 'slow clients',
    edits: [
      {
        file: 'server/src/gateway/outbound-queue.ts',
        find: 'this.#transport.send(head + this.#chain + entry.tail, type, entry.seq)',
        replace: 'this.#transport.send(head + (entry.seq - 1) + entry.tail, type, entry.seq)',
      },
    ],
  },
  {
    name: 'ignore-epoch',
    why: 'A client goes on from a position of a log that is lost, and misses what the new one has at lower ones.',
    suite: 'starts',
    edits: [
      {
        file: 'server/src/gateway/opening.ts',
        find: "if (resume.epoch !== stream.epoch) return anew(badge, 'epoch_changed')",
        replace: '',
      },
    ],
  },
  {
    name: 'partial-recovery',
    why: 'Too much was missed to tell it all; the newest is told and the rest left out.',
    suite: 'realtime',
    edits: [
      {
        file: 'server/src/engines/memory/group-store.ts',
        find: 'if (rows.length > limit) return { gap: true }',
        replace: 'rows.sort((a, b) => a.seq - b.seq).splice(0, rows.length - limit)',
      },
    ],
  },
  {
    name: 'resume-without-authorising',
    why: 'A user whose access was taken away comes back with what was remembered of the token.',
    suite: 'revocation',
    edits: [
      {
        file: 'server/src/access/access.ts',
        find: 'const reason = refusal(result.principal)\n      if (!reason) return result',
        replace: 'return result',
      },
    ],
  },
  {
    name: 'cache-shared-between-users',
    why: 'A token is known by what all tokens have in common: the next caller is the one before.',
    suite: 'other users',
    edits: [
      {
        file: 'server/src/access/access.ts',
        find: 'verified.set(credential, principal)',
        replace: "verified.set(credential.split('.', 1)[0] ?? '', principal)",
      },
      {
        file: 'server/src/access/access.ts',
        find: 'verified.peek(credential)',
        replace: "verified.peek(credential.split('.', 1)[0] ?? '')",
      },
    ],
  },
  {
    name: 'ticket-twice',
    why: 'Whoever sees the address of a stream in a log or a proxy can open it as its user.',
    suite: 'tickets',
    edits: [
      {
        file: 'server/src/access/tickets.ts',
        find: 'return (await usedTickets.use(id, rememberedMs)) ? { principal, issuedAtMs } : undefined',
        replace: 'return id && { principal, issuedAtMs }',
      },
    ],
  },
  {
    name: 'no-jitter',
    why: 'All clients that were cut off together come back together, again and again.',
    suite: 'client backoff',
    edits: [
      {
        file: 'client/src/backoff.ts',
        find: 'return this.#random.next() * ceiling',
        replace: 'return ceiling',
      },
    ],
  },
  {
    name: 'read-without-deadline',
    why: 'A server that never answers holds its caller for ever.',
    suite: 'client http',
    edits: [
      {
        file: 'client/src/http.ts',
        find: "const timer = seams.scheduler.after(timeoutMs, () => controller.abort(new HeadwaterError('timeout')))",
        replace: 'const timer = seams.scheduler.after(timeoutMs, () => {})',
      },
    ],
  },
  {
    name: 'resume-at-the-head',
    why: 'A client that comes back is told what comes, and not what it missed.',
    suite: 'checkers',
    edits: [
      {
        file: 'server/src/gateway/opening.ts',
        find: 'return catchUp(parts, request, resume.seq, badge)',
        replace: 'return catchUp(parts, request, badge.upTo, badge)',
      },
    ],
  },
  {
    name: 'mark-shows-later',
    why: 'What somebody has just read is unread again in the next answer.',
    suite: 'checkers',
    edits: [
      {
        file: 'server/src/activity/read-state.ts',
        find: 'await marks.raise(changes.map((change) => ({ user, change })))',
        replace: '',
      },
    ],
  },
]
