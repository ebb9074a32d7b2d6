// `npm test`, `npm run test:long` (the same with more seeds), `npm run check` and `npm run test:unit`. Runs under the pinned Node, after scripts/bootstrap.mjs.
//
// All steps run, also after one has failed: whoever waits for the result wants to know all of it. Steps that leave a
// processor idle run beside others. A step is a function that returns { ok, output } and, where it counted tests,
// { passed, failed } and perhaps { files }, what each took; { skipped: why } if it could not run here, { absent: true } if the
// repository has nothing for it yet.
import { styleText } from 'node:util'
import { bringTools } from './steps/bring-tools.mjs'
import { browser } from './steps/browser.mjs'
import { cleanTree } from './steps/clean-tree.mjs'
import { cluster } from './steps/cluster.mjs'
import { deploy } from './steps/deploy.mjs'
import { fuzz } from './steps/fuzz.mjs'
import { format, promises } from './steps/lint.mjs'
import { architectureTests, nodeTests, testFiles } from './steps/node-tests.mjs'
import { power } from './steps/power.mjs'
import { types } from './steps/types.mjs'
import { unit } from './steps/unit.mjs'

const checks = {
  'format and lint': format,
  promises,
  types,
  architecture: () => nodeTests(architectureTests, { isolated: false }),
  'clean tree': cleanTree,
}

/** One stage after the other; in a stage, the steps of one lane after one another, beside those of the other lanes. */
const stages = [
  [
    checks,
    { 'unit tests': () => nodeTests(testFiles().pure, { isolated: false }) },
    { 'tools of later steps': bringTools },
  ],
  [{ 'engine and server tests': () => nodeTests(testFiles().whole, { isolated: true }) }],
  [{ 'cluster engines and servers': cluster }],
  [{ 'power cuts and failing disks': power }],
  [{ 'browser journeys': browser }, { 'OpenAPI fuzz': fuzz, 'deploy files': deploy }],
]

const [mode, ...args] = process.argv.slice(2)
if (mode === 'unit') process.exitCode = unit(args)
else {
  if (mode === 'long') process.env.HEADWATER_LONG = '1'
  process.exitCode = await runStages(mode === 'check' ? [[checks]] : stages)
}

async function runStages(all) {
  const total = { passed: 0, failed: 0 }
  const failures = []
  for (const lanes of all) await Promise.all(lanes.map((steps) => runSteps(steps, total, failures)))
  if (failures.length > 0) console.log(styleText('red', `Failed: ${failures.join(', ')}`))
  // CI reads this line.
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return failures.length === 0 ? 0 : 1
}

async function runSteps(steps, total, failures) {
  for (const [name, step] of Object.entries(steps)) {
    const started = performance.now()
    const result = await step()
    if (result.absent) continue
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${mark(result)} ${name}  ${seconds} s${detail(result)}${slowest(result)}`)
    if (!result.ok) {
      failures.push(name)
      console.log(result.output)
    }
    const counted = result.passed !== undefined
    total.passed += counted ? result.passed : Number(result.ok && !result.skipped)
    // A step that failed beside its tests (its process died) is a failure of its own.
    total.failed += counted ? Math.max(result.failed, Number(!result.ok)) : Number(!result.ok)
  }
}

function mark({ ok, skipped }) {
  if (skipped) return styleText('yellow', '!')
  return ok ? styleText('green', '✔') : styleText('red', '✖')
}

function detail({ passed, failed, skipped }) {
  const counts = passed === undefined ? '' : `  ${passed} passed, ${failed} failed`
  return skipped ? `${counts}${styleText('yellow', `  SKIPPED: ${skipped}`)}` : counts
}

/** The files that a step waited for: there is where to look when it takes too long. */
function slowest({ files = [] }) {
  const some = files.toSorted((a, b) => b.ms - a.ms).slice(0, 8)
  const lines = some.map(({ file, ms }) => `\n    ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`)
  return lines.length === 0 ? '' : styleText('dim', lines.join(''))
}
