import { existsSync } from 'node:fs'
import { installPackage, missing } from './needs.mjs'
import { nodeTests, testFiles } from './node-tests.mjs'

const chromium = process.env.HEADWATER_CHROMIUM ?? '/usr/bin/chromium'

/** Brings a browser where that is allowed and none is. Returns what went wrong, if anything did. */
export async function bringBrowser() {
  return existsSync(chromium) ? '' : installPackage('chromium')
}

/** The journeys in a real browser. They find it in HEADWATER_CHROMIUM. */
export async function browser() {
  const files = testFiles().browser
  if (files.length === 0) return { ok: true, output: '', absent: true }

  const output = await bringBrowser()
  if (!existsSync(chromium)) {
    const absence = missing(`no browser at ${chromium} (HEADWATER_CHROMIUM names another one)`)
    return { ...absence, output: output + absence.output }
  }
  return nodeTests(files, { isolated: true, concurrency: 1, env: { HEADWATER_CHROMIUM: chromium } })
}
