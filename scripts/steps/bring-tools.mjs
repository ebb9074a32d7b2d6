// What later steps need beyond npm, fetched while steps run that need nothing of it: on a new machine that takes a minute,
// most of it spent waiting. Each step fetches what it still misses, and says why it cannot; here nothing is a failure.
import { fileURLToPath } from 'node:url'
import { deployTools } from '../deploy/tools.mjs'
import { bringBrowser } from './browser.mjs'
import { bringServices } from './cluster.mjs'
import { bringSchemathesis } from './fuzz.mjs'
import { bringStrace } from './power.mjs'
import { run } from './run.mjs'

const self = fileURLToPath(import.meta.url)

/** In a process of its own: some of it holds up the process that it runs in. */
export async function bringTools() {
  const { output } = await run(process.execPath, [self])
  process.stdout.write(output)
  return { ok: true, output: '' }
}

// One after the other: apt-get lets nobody in beside itself.
if (process.argv[1] === self) {
  for (const bring of [bringServices, bringStrace, bringBrowser, bringSchemathesis, deployTools]) {
    try {
      await bring()
    } catch {
      // The step that needs it will say so.
    }
  }
}
