import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assertAllWell } from '../crash/after-crashes.ts'
import { moreWriterTables, writerPoint, writerTables } from '../crash/child-contract.ts'
import type { CrashPlan } from '../crash/server-lives.ts'
import { openStage } from '../crash/stage.ts'

/** In the order in which an event, a mark and a deletion come by them. */
const failpoints = [
  'ingest.before-append',
  'ingest.after-append',
  'aggregate.polled',
  'aggregate.folded',
  'flush.issued',
  'flush.written',
  'flush.counted',
  'flush.published',
  'flush.queued',
  'flush.traced',
  'aggregate.committed',
  'mark.before-append',
  'mark.after-append',
  'mark.after-raise',
  'delete.after-tombstone',
  'delete.after-append',
  'erase.before-append',
  'erase.after-append',
  'fold.actor-out',
  'fold.members-erased',
  'fold.marks-erased',
  'fold.user-erased',
]
/** Where each store is written by itself; SQLite takes what they hold in one step. The simulation dies there. */
const otherEngines = ['flush.indexed']
/** One name is put together from parts, and belongs to the other engines too; one place hands names on. */
const computed = ['`flush.$' + '{name}`', 'name']
/** Between what is handed to the writing thread and what it tells of it. */
const tables = process.env.HEADWATER_LONG ? [...writerTables, ...moreWriterTables] : writerTables
const writerPoints = tables.flatMap((table) => [writerPoint('before', table), writerPoint('after', table)])

const points = [...failpoints, ...writerPoints]

/**
 * The first and the third pass by turns, both where most of the work is; all of both with `npm run test:long` or
 * `HEADWATER_CRASH_PASSES=1,3`.
 */
const both = ['ingest.after-append', 'flush.issued', 'flush.written', 'flush.published', 'aggregate.committed']
const passesAsked = process.env.HEADWATER_CRASH_PASSES ?? (process.env.HEADWATER_LONG ? '1,3' : undefined)
const passes = passesAsked?.split(',').map(Number)
const plans: readonly CrashPlan[] = passes
  ? passes.flatMap((pass) => points.map((point) => ({ point, pass })))
  : [
      ...points.map((point, i) => ({ point, pass: i % 2 === 0 ? 1 : 3 })),
      ...both.map((point) => ({ point, pass: points.indexOf(point) % 2 === 0 ? 3 : 1 })),
    ]
const lanes = 2
const plansPerFolder = 10
const roundsMax = 30

describe('a server that is killed', { concurrency: lanes }, () => {
  test('passes by every failpoint that the sources name, and all of them are tried', () => {
    assert.deepEqual(namedInSources(), [...failpoints, ...otherEngines].sort())
  })

  for (const [i, chain] of chainsOf(plans).entries()) {
    const names = chain.map(({ point, pass }) => `${point} (${pass})`).join(', ')
    test(`at ${names} loses nothing that it acknowledged and counts nothing twice`, () => runChain(chain, i + 1))
  }
})

async function runChain(chain: readonly CrashPlan[], seed: number): Promise<void> {
  using stage = await openStage(chain, seed)
  const { lives, workload } = stage
  for (let round = 0; lives.armed; round++) {
    assert.ok(round < roundsMax, `it never came to ${JSON.stringify(lives.armed)}`)
    await workload.round()
  }
  assert.deepEqual(lives.died, chain)
  await assertAllWell(stage)
}

/** Points that are next to each other are tried on different folders. */
function chainsOf(all: readonly CrashPlan[]): readonly (readonly CrashPlan[])[] {
  const count = Math.ceil(all.length / plansPerFolder)
  return Array.from({ length: count }, (_, chain) => all.filter((_, i) => i % count === chain))
}

/** Those of stores that keep no order are left out: SQLite keeps it, and so never comes by them. */
function namedInSources(): readonly string[] {
  const folder = fileURLToPath(new URL('../../src', import.meta.url))
  const names = new Set<string>()
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue
    const source = readFileSync(`${folder}/${file}`, 'utf8')
    for (const [, argument = ''] of source.matchAll(/failpoint\(([^)]*)\)/g)) {
      const [, name] = /^'([^']+)'$/.exec(argument) ?? []
      if (name !== undefined) names.add(name)
      // Declarations name a type.
      else if (!argument.includes(': ')) assert.ok(computed.includes(argument), `failpoint(${argument}) in ${file}`)
    }
  }
  return [...names].sort()
}
