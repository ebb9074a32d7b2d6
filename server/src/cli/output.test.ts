import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from '../config/secrets.ts'
import { Durations } from './percentiles.ts'
import { barText, createProgress } from './progress.ts'
import { reportText, type SimulateReport } from './simulate-report.ts'
import { banner } from './start.ts'
import { traceText } from './trace.ts'
import { verifyText } from './verify.ts'

test('percentiles are by nearest rank', () => {
  const durations = new Durations()
  assert.deepEqual(durations.summary(), { p50: null, p99: null, max: null })
  for (let ms = 100; ms >= 1; ms--) durations.add(ms)
  assert.deepEqual(durations.summary(), { p50: 50, p99: 99, max: 100 })
  assert.equal(durations.percentile(0.001), 1)
})

test('a bar is never shorter than empty or longer than full', () => {
  assert.equal(barText(0, 10, 'x'), '[............................]   0 %  x')
  assert.equal(barText(5, 10, 'x'), '[##############..............]  50 %  x')
  assert.equal(barText(11, 10, 'x'), '[############################] 100 %  x')
  assert.equal(barText(0, 0, 'x'), '[############################] 100 %  x')
})

test('without a terminal progress is whole lines, the last one among them', () => {
  const lines: string[] = []
  const progress = createProgress({ err: (line) => void lines.push(line), isTerminal: false }, () =>
    assert.fail('drawn'),
  )
  for (let done = 1; done <= 100; done++) progress.show(done, 100, `${done}`)
  progress.end()
  assert.equal(lines.length, 2)
  assert.match(lines[1] as string, /100 % {2}100$/)
})

test('on a terminal progress is drawn over itself', () => {
  const drawn: string[] = []
  const progress = createProgress(
    { err: () => assert.fail('a line'), isTerminal: true },
    (text) => void drawn.push(text),
  )
  progress.show(1, 2, 'a long note')
  progress.show(2, 2, 'short')
  progress.end()
  assert.equal(drawn[0]?.length, drawn[1]?.length)
  assert.deepEqual([drawn[0]?.[0], drawn[1]?.[0], drawn[2]], ['\r', '\r', '\n'])
})

test('a trace shows times as times, and what is nested below', () => {
  const text = traceText({
    event_id: 'e',
    state: 'applied',
    group_id: null,
    created_at: 0,
    metadata: { preview: 'hi' },
    empty: {},
  })
  assert.equal(
    text,
    [
      'event_id    e',
      'state       applied',
      'group_id    -',
      'created_at  1970-01-01T00:00:00.000Z',
      'metadata    ',
      '  preview  hi',
      'empty       {}',
    ].join('\n'),
  )
})

test('a verification names what differs, up to a point', () => {
  const counted = { users: 1, groups: 1_234, members: 5, replayed: 2 }
  assert.match(
    verifyText({ ...counted, differences: [] }),
    /1 user: 1,234 groups with 5 actors.*\nEverything agrees\.$/,
  )
  const difference = { user: 'carol', groupId: null, what: 'unread_count', expected: 1, found: 2 }
  const text = verifyText({ ...counted, differences: Array.from({ length: 60 }, () => difference) })
  assert.match(text, /^60 differences:$/m)
  assert.match(text, /^ {2}carol {2}badge {2}unread_count: expected 1, found 2$/m)
  assert.match(text, /and 10 more/)
})

test('of two states of a group the fields that differ are named, and no more', () => {
  const row = { groupId: 'g', actorCount: 3, preview: 'x'.repeat(5_000), newest: ['mia'] }
  const difference = { user: 'carol', groupId: 'g', what: 'state', expected: row, found: { ...row, actorCount: 4 } }
  const counted = { users: 1, groups: 1, members: 1, replayed: 1 }
  const textOf = (found: object) => verifyText({ ...counted, differences: [{ ...difference, found }] })
  assert.match(textOf({ ...row, actorCount: 4 }), /^ {2}carol {2}g {2}state: actorCount expected 3, found 4$/m)
  assert.match(
    textOf({ ...row, preview: 'y', newest: ['ben'] }),
    /preview expected "x{119}…, found "y"; newest expected \["mia"\]/,
  )
  assert.match(textOf({ groupId: 'g', actorCount: 3, newest: ['mia'] }), /preview expected "x+…, found nothing$/m)
})

const report: SimulateReport = {
  plan: { run: 'sim-1', users: 10, seconds: 2, eventsPerS: 100, seed: 1 },
  sending: {
    sent: 200,
    accepted: 200,
    rejected: 0,
    postponed: 0,
    elapsedMs: 2_000,
    latency: { p50: 1.25, p99: 20, max: 30 },
  },
  pushes: { frames: 5, sockets: 2, latency: { p50: null, p99: null, max: null } },
  groups: { count: 7, largest: 3 },
  checkedUsers: 10,
  toldUsers: 10,
  faults: [],
}

test('a report gives rates, latencies and a verdict', () => {
  const text = reportText(report)
  assert.match(text, /^rate +100 events\/s accepted$/m)
  assert.match(text, /p50 1\.3 ms, p99 20 ms, max 30 ms/)
  assert.match(text, /Everything agrees\.$/)
  assert.match(
    text,
    /^badges +lists and badges of 10 users and 2 sockets compared with our own count: everybody who was told anything$/m,
  )
  assert.match(reportText({ ...report, toldUsers: 30 }), /own count, of the 30 users who were told anything$/m)
  const wrong = reportText({ ...report, faults: ['a: unread_count is 1, counted 2'] })
  assert.match(wrong, /1 things? (is|are) wrong:\n {2}a: unread_count is 1, counted 2$/)
})

test('the banner has the address on its first line, and only a development key', () => {
  const server = { url: 'http://127.0.0.1:7070', apiKey: 'planted-key', demoLogins: [], close: async () => {} }
  const given = { data: { dir: '/d' }, engine: 'embedded', roles: [] as string[], cluster: { namespace: 'ours' } }
  const config = (isDevelopment: boolean) => ({ ...given, isDevelopment }) as unknown as Config
  assert.match(banner(config(true), server).trim().split('\n')[0] as string, /listening on http:\/\/127\.0\.0\.1:7070$/)
  assert.match(banner(config(true), server), /planted-key/)
  assert.doesNotMatch(banner(config(false), server), /planted-key/)
  const demoLogins = [{ user: 'carol', name: 'Carol', url: 'http://x/?login=1' }]
  const worker = { ...config(false), engine: 'cluster', roles: ['worker'] } as unknown as Config
  assert.match(banner(worker, server), /Roles +worker\n +Cluster +ours\n/)
  assert.match(banner(config(true), { ...server, demoLogins }), /Carol +http:\/\/x\/\?login=1/)
})
