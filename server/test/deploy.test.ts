// What deploy/ names of the server exists, and what an operator has to see is there. Whether Kubernetes would take the files
// is the step "deploy files" of npm test.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { alerts } from '../../scripts/deploy/alerts.ts'
import { exportedMetrics, metricsIn } from '../../scripts/deploy/metric.ts'
import { keys } from '../src/config/schema.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const chart = 'deploy/helm/headwater'
const files = globSync('deploy/**/*.*', { cwd: root })

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly type: string
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}

const dashboard = JSON.parse(read(`${chart}/files/dashboard.json`)) as Dashboard
const metrics = await exportedMetrics()
const names = metrics.map(({ name }) => name)

describe('metrics', () => {
  test('every one is on the dashboard', () => {
    const shown = new Set(
      dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr))),
    )
    assert.deepEqual(
      names.filter((name) => !shown.has(name)),
      [],
    )
  })

  test('every one that a file names is exported', () => {
    assert.ok(files.length > 20)
    const wrong = files.flatMap((path) =>
      metricsIn(read(path))
        .filter((name) => !names.includes(name))
        .map((name) => `${path}: ${name}`),
    )
    assert.deepEqual(wrong, [])
  })

  test('counters are asked for as rates, histograms by their buckets', () => {
    const types = new Map(metrics.map(({ name, type }) => [name, type]))
    const expressions = [
      ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...alerts.map(({ expr }) => expr).filter((expr) => !expr.startsWith('absent(')),
    ]
    for (const expr of expressions) {
      for (const [, rate, name = ''] of expr.matchAll(/((?:rate|increase)\()?\b(headwater_\w+)/g)) {
        const isHistogram = name.endsWith('_bucket')
        const type = types.get(isHistogram ? name.replace(/_bucket$/, '') : name)
        assert.equal(type, isHistogram ? 'histogram' : rate ? 'counter' : 'gauge', expr)
      }
    }
  })
})

test('panels of the dashboard neither overlap nor leave the page', () => {
  const seen = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!seen.has(`${x} ${y}`), title)
        seen.add(`${x} ${y}`)
      }
    }
  }
})

test('each alert is tried by promtool, with a case in which it fires', () => {
  const tried = read('deploy/check/alerts.test.yaml')
  for (const { name } of alerts) assert.match(tried, new RegExp(`alertname: ${name}\\n +exp_alerts:`), name)
})

test('the guide tells of each alert', () => {
  const named = [...read('docs/guide/deploy.md').matchAll(/`(Headwater\w+)`/g)].map(([, name]) => name)
  assert.deepEqual(named.sort(), alerts.map(({ name }) => name).sort())
})

test('labels that alerts and panels choose by are labels that the server sets', () => {
  const source = read('server/src/lib/metrics.ts')
  const labels = new Set(
    [...source.matchAll(/labelNames: \[([^\]]*)\]/g)].flatMap(([, list = '']) => list.match(/\w+/g)),
  )
  const ofPrometheus = ['le', 'job', 'instance', 'namespace', 'service']
  const asked = [
    ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...alerts.map(({ expr }) => expr),
  ].flatMap((expr) => [
    ...[...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */)),
    ...[...expr.matchAll(/\b(\w+)(?:=~|!=|!~|=)"/g)].map(([, label = '']) => label),
  ])
  assert.deepEqual(
    [...new Set(asked)].filter((label) => !labels.has(label) && !ofPrometheus.includes(label)),
    [],
  )
})

test('every secret setting has a key in the chart, and every key is a secret setting', () => {
  const values = read(`${chart}/values.yaml`)
  const inChart = [...(/^ {2}keys:\n((?: {4}.*\n)+)/m.exec(values)?.[1] ?? '').matchAll(/^ {4}([\w.]+): /gm)]
  assert.deepEqual(
    inChart.map(([, name]) => name).sort(),
    keys
      .filter(({ field }) => field.secret)
      .map(({ name }) => name)
      .sort(),
  )
})

test('settings that the examples and the chart name exist', () => {
  const variables = new Set(keys.flatMap(({ variable, field }) => [variable, field.variable]))
  const wrong = files.flatMap((path) =>
    [...read(path).matchAll(/\bHEADWATER_[A-Z_]*[A-Z]\b/g)]
      .map(([name]) => name)
      .filter((name) => !variables.has(name) && !['HEADWATER_SECTION__SOME_KEY', 'HEADWATER_CONFIG'].includes(name))
      .map((name) => `${path}: ${name}`),
  )
  assert.deepEqual(wrong, [])
})
