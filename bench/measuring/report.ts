import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { type Bar, type Benchmark, meets, type Outcome } from './benchmark.ts'
import type { Machine } from './machine.ts'
import { plotSvg } from './plot.ts'

interface Saved {
  readonly name: string
  readonly title: string
  readonly method: string
  readonly machine: Machine
  readonly outcome: Outcome
}

const root = join(import.meta.dirname, '../..')
const results = join(root, 'bench/results')
const images = join(root, 'docs/images/benchmarks')
const page = join(root, 'docs/benchmarks.md')

const shown = (value: number): string =>
  value >= 1_000 ? Math.round(value).toLocaleString('en-US') : value >= 100 ? value.toFixed(0) : value.toFixed(2)

const limit = ({ better, unit }: Bar, value: number | null): string =>
  value === null ? '' : `${better === 'higher' ? '≥' : '≤'} ${shown(value)} ${unit}`.trim()

const verdict = (bar: Bar): string => {
  if (bar.aim !== null && meets(bar, bar.aim)) return 'aim met'
  return meets(bar, bar.must) ? 'met' : 'not met'
}

export function printOutcome({ figures, bars, notes = [] }: Outcome): void {
  for (const { what, headwater, peer } of figures) {
    console.log(`  ${what}: ${styleText('bold', headwater)}${peer === undefined ? '' : `   peer: ${peer}`}`)
  }
  for (const bar of bars) {
    const colour = meets(bar, bar.must) ? 'green' : 'red'
    const limits = `must ${limit(bar, bar.must)}${bar.aim === null ? '' : `, aim ${limit(bar, bar.aim)}`}`
    console.log(styleText(colour, `  ${verdict(bar)}: ${bar.what} ${shown(bar.measured)} ${bar.unit} (${limits})`))
  }
  for (const note of notes) console.log(`  ${note}`)
}

export function saveOutcome({ name, title, method }: Benchmark, outcome: Outcome, machine: Machine): void {
  mkdirSync(results, { recursive: true })
  const saved: Saved = { name, title, method, machine, outcome }
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(saved, null, 2)}\n`)
}

/** `docs/benchmarks.md` and its plots, from the newest result of each benchmark. */
export function writePage(): void {
  const all = readdirSync(results)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(results, file), 'utf8')) as Saved)
  const bars = all.flatMap(({ title, outcome, name }) => outcome.bars.map((bar) => ({ ...bar, title, name })))
  const text = [
    '# Benchmarks',
    '',
    'Written by `npm run bench`; each figure comes from a file of [`bench/`](../bench), with its peer in the same run.',
    'Both sides run in turn on one machine that other work may share, so ratios say more than absolute figures.',
    'Latencies are measured open loop, from the time at which a request was due. The table has the median of what each run',
    'measured, the sections beneath have all runs together. Where the time goes, and what was tried:',
    '[internals/performance.md](internals/performance.md).',
    '',
    ...withEase(all),
    '| What | Measured | Must | Aim | |',
    '|---|---|---|---|---|',
    ...bars.map(
      (bar) =>
        `| [${bar.what}](#${anchorOf(bar.title)}) | ${shown(bar.measured)} ${bar.unit} | ${limit(bar, bar.must)} | ${limit(bar, bar.aim)} | ${verdict(bar)} |`,
    ),
    ...all.flatMap(sectionOf),
    '',
  ]
  writeFileSync(page, text.join('\n'))
}

/** The loads that were measured and kept up with, in words: the table beneath is of bars, most of them far above. */
function withEase(all: readonly Saved[]): string[] {
  const spreadOf = (name: string, what: string): string => {
    const figures = all.find((saved) => saved.name === name)?.outcome.figures ?? []
    const spread = /p50 [\d.]+ · p99 [\d.]+/.exec(
      figures.find((figure) => figure.what.startsWith(what))?.headwater ?? '',
    )
    return spread ? `${spread[0].replace(' · ', ' ms, ')} ms` : 'a time that is not measured'
  }
  const cores = all.find(({ name }) => name === 'push')?.machine.cores ?? 'unknown'
  return [
    `What one process keeps up with on ${cores} cores that the load generator shares: up to 2,500 events a second an event is at its socket`,
    `after ${spreadOf('push', 'Event to frame at 2,500')}, at 5,000 after ${spreadOf('push', 'Event to frame at 5,000')}, at 10,000 no longer (${spreadOf('push', 'Event to frame')}).`,
    `Pages at 30 % of the rate that it answers at most take ${spreadOf('page', 'Latency, open loop')}, and under 20,000 events a second ${spreadOf('page-under-ingest', 'Latency of a page')}.`,
    '',
  ]
}

const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function sectionOf({ name, title, method, machine, outcome }: Saved): string[] {
  const { cpu, cores, memoryGiB, node, commit, load, at, jsonParsesPerS, randomReadsPerS } = machine
  const hasPeer = outcome.figures.some(({ peer }) => peer !== undefined)
  return [
    '',
    `## ${title}`,
    '',
    method,
    '',
    hasPeer ? '| | Headwater | Peer |' : '| | Headwater |',
    hasPeer ? '|---|---|---|' : '|---|---|',
    ...outcome.figures.map(({ what, headwater, peer }) =>
      hasPeer ? `| ${what} | ${headwater} | ${peer ?? ''} |` : `| ${what} | ${headwater} |`,
    ),
    ...(outcome.notes ?? []).flatMap((note) => ['', note]),
    ...(outcome.plots ?? []).flatMap((plot, i) => {
      mkdirSync(images, { recursive: true })
      writeFileSync(join(images, `${name}-${i + 1}.svg`), plotSvg(plot))
      return ['', `![${plot.title}](images/benchmarks/${name}-${i + 1}.svg)`]
    }),
    '',
    `\`npm run bench -- ${name}\` · ${at.slice(0, 10)} · commit ${commit} · ${cpu}, ${cores} cores, ${memoryGiB} GiB · Node ${node} · load before the run ${load} · calibration: ${(jsonParsesPerS / 1e6).toFixed(2)} M JSON parses/s, ${(randomReadsPerS / 1e6).toFixed(1)} M random reads/s`,
  ]
}
