import { createMetrics } from '../../server/src/lib/metrics.ts'

/** The page docs/reference/metrics.md, made from what the server registers. */
export async function metricsPage(): Promise<string> {
  const text = await createMetrics().text()
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]))
  const rows = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(
    ([, name, help]) => `| \`${name}\` | ${types.get(name)} | ${help} |`,
  )
  return `${intro}\n\n| Metric | Type | Meaning |\n|---|---|---|\n${rows.join('\n')}\n`
}

const intro = `# Metrics

<!-- Generated from server/src/lib/metrics.ts by \`npm run docs\`. -->

\`GET /metrics\` answers in Prometheus' text format. It needs the API key, except on loopback for requests that no proxy brings. Labels hold methods, routes and
statuses, never ids.`
