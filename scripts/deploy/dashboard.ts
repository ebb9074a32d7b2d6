import { exportedMetrics, type Metric, metricsIn } from './metric.ts'
import { type Panel, type Row, rows } from './panels.ts'

const columns = 24
const height = 8
const selector = 'job=~"$job"'

/** The Grafana dashboard, as the text of its file. */
export async function dashboardFile(): Promise<string> {
  return `${JSON.stringify(dashboardOf(await allRows()), null, 2)}\n`
}

/** The rows as written, and one more for metrics that none of them shows. */
async function allRows(): Promise<readonly Row[]> {
  const shown = new Set(
    rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.flatMap(({ expr }) => metricsIn(expr)))),
  )
  const left = (await exportedMetrics()).filter(({ name }) => !shown.has(name))
  return left.length === 0 ? rows : [...rows, { title: 'More', panels: left.map(panelOf) }]
}

/** A metric by its type: counters as rates, histograms by their slowest hundredth, gauges as they are. */
function panelOf({ name, type, help }: Metric): Panel {
  const unit = name.includes('_seconds') ? 's' : name.includes('_bytes') ? 'bytes' : 'short'
  const legend = '{{instance}}'
  if (type === 'counter') {
    return {
      title: help,
      unit: 'ops',
      queries: [{ legend, expr: `sum by (instance) (rate(${name}{$of}[$__rate_interval]))` }],
    }
  }
  if (type === 'histogram') {
    const expr = `histogram_quantile(0.99, sum by (le) (rate(${name}_bucket{$of}[$__rate_interval])))`
    return { title: help, unit, queries: [{ legend: 'p99', expr }] }
  }
  return { title: help, unit, queries: [{ legend, expr: `${name}{$of}` }] }
}

function dashboardOf(all: readonly Row[]) {
  return {
    uid: 'headwater',
    title: 'Headwater',
    tags: ['headwater'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'job',
          label: 'Job',
          type: 'query',
          datasource,
          query: { query: 'label_values(headwater_events_accepted_total, job)', refId: 'job' },
          refresh: 2,
          includeAll: true,
          multi: true,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels: panelsOf(all),
  }
}

const datasource = { type: 'prometheus', uid: `$${'{datasource}'}` }

function panelsOf(all: readonly Row[]) {
  let y = 0
  let id = 0
  return all.flatMap(({ title, panels }) => {
    const head = {
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: columns, h: 1 },
      panels: [],
    }
    const width = columns / Math.min(4, Math.max(2, panels.length))
    const perLine = columns / width
    const placed = panels.map((panel, at) => {
      const gridPos = { x: (at % perLine) * width, y: y + Math.floor(at / perLine) * height, w: width, h: height }
      return graph(++id, panel, gridPos)
    })
    y += Math.ceil(panels.length / perLine) * height
    return [head, ...placed]
  })
}

function graph(id: number, { title, unit, queries }: Panel, gridPos: Readonly<Record<string, number>>) {
  return {
    id,
    type: 'timeseries',
    title,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom: { lineWidth: 1, fillOpacity: 10 } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource,
      expr: expr.replaceAll('$of', selector),
      legendFormat: legend,
    })),
  }
}
