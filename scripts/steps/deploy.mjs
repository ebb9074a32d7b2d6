import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deployTools, MissingTool } from '../deploy/tools.mjs'
import { root } from '../set-up/root.mjs'
import { missing } from './needs.mjs'
import { nodeTests } from './node-tests.mjs'
import { run } from './run.mjs'

const chart = join(root, 'deploy/helm/headwater')
const check = join(root, 'deploy/check')

/**
 * The chart, linted and rendered by Helm with several values, its manifests held against the schemas of Kubernetes and
 * against what they promise; the alerts, checked and tried by promtool. Nothing here runs in a cluster.
 */
export async function deploy() {
  let tools
  try {
    tools = await deployTools()
  } catch (error) {
    if (error instanceof MissingTool) return missing(error.message)
    throw error
  }
  const rendered = mkdtempSync(join(tmpdir(), 'headwater-chart-'))
  const rules = mkdtempSync(join(tmpdir(), 'headwater-alerts-'))
  try {
    // The test of the rules names them as a file beside it.
    copyFileSync(join(chart, 'files/alerts.yaml'), join(rules, 'alerts.yaml'))
    copyFileSync(join(check, 'alerts.test.yaml'), join(rules, 'alerts.test.yaml'))
    for (const command of [
      [...tools.helm, join(check, 'Render.java'), chart, join(check, 'values'), rendered],
      [...tools.python, join(check, 'validate.py'), rendered],
      [...tools.promtool, 'check', 'rules', '--lint-fatal', join(rules, 'alerts.yaml')],
      [...tools.promtool, 'test', 'rules', join(rules, 'alerts.test.yaml')],
    ]) {
      const { code, output } = await run(command[0], command.slice(1))
      if (code !== 0) return { ok: false, output }
    }
    return await nodeTests(['scripts/deploy/manifests.test.mjs'], {
      isolated: false,
      env: { HEADWATER_RENDERED: rendered },
    })
  } finally {
    rmSync(rendered, { recursive: true, force: true })
    rmSync(rules, { recursive: true, force: true })
  }
}
