import type { EmbeddedPlan } from './capacity/embedded.ts'
import type { CapacityPlan } from './capacity/plan.ts'
import type { Sized } from './capacity/size.ts'

/** A plan for people: one row a part, then what it stands on. */
export function planText({ inputs, load, embedded, parts, total, assumptions, warnings }: CapacityPlan): string {
  const rows = [
    ['', 'nodes', 'cores', 'memory', 'disk', 'network', 'CPU', 'zone lost', 'limited by'],
    ...parts.map((part) => [
      part.name,
      whole(part.nodes),
      whole(part.cores),
      memory(part.memoryGiB),
      disk(part.diskTB),
      network(part.networkMBps),
      percent(part.utilisation),
      percent(part.utilisationZoneLost),
      part.limitedBy,
    ]),
    ['together', whole(total.nodes), whole(total.cores), memory(total.memoryGiB), disk(total.diskTB)],
  ]
  return [
    `${whole(inputs.dau)} users a day, ${whole(inputs.eventsPerS)} events/s, ${whole(inputs.sockets)} sockets:`,
    `${whole(load.flushesPerS)} group writes/s, ${whole(load.pushesPerS)} pushes/s, ${whole(load.pagesPerS)} pages/s, ${whole(load.reconnectsPerS)} reconnects/s in a storm`,
    '',
    ...(embedded.isEnough ? [embeddedText(embedded), ''] : []),
    ...table(rows),
    '',
    ...parts.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    '',
    'Each node:',
    ...parts.map((part) => `  ${nodeText(part)}`),
    '',
    'Assumed:',
    ...assumptions.map((text) => `  - ${text}`),
    '',
    ...warnings.map((text) => `! ${text}`),
  ].join('\n')
}

// Not below 0: what rounds to −0 would be written so.
const whole = (value: number): string => Math.max(0, Math.ceil(value - 1e-9)).toLocaleString('en')
const percent = (share: number): string => `${Math.round(share * 100)} %`
const memory = (gib: number): string => (gib >= 10_240 ? `${whole(gib / 1_024)} TiB` : `${whole(gib)} GiB`)
const network = (mbps: number): string => `${mbps < 10 ? mbps.toFixed(1) : whole(mbps)} MB/s`

function disk(tb: number): string {
  if (tb === 0) return '-'
  if (tb >= 1_000) return `${(tb / 1_000).toFixed(1)} PB`
  return tb >= 10 ? `${whole(tb)} TB` : `${tb.toFixed(2)} TB`
}

const embeddedText = ({ cores, memoryGiB, diskTB }: EmbeddedPlan): string =>
  [
    'One embedded process does this (npm start, without any of the services):',
    `  ${cores < 0.01 ? 'Less than 1 %' : percent(cores)} of a core in the busiest second, ${memoryGiB.toFixed(1)} GiB of memory, ${whole(diskTB * 1_000)} GB of disk.`,
    'A cluster is for losing a machine without being noticed, or for growing past one; it would be:',
  ].join('\n')

function nodeText({ name, shape }: Sized): string {
  const parts = [`${shape.cores} cores`, `${shape.memoryGiB} GiB`, ...(shape.diskTB > 0 ? [`${shape.diskTB} TB`] : [])]
  return `${name.padEnd(10)} ${parts.join(', ')}`
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const last = widths.length - 1
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === last ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
