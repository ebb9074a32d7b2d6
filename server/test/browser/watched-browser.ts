import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const executablePath = process.env.HEADWATER_CHROMIUM ?? '/usr/bin/chromium'
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page
  /** What went wrong in it: errors on the console, uncaught ones, broken content policy, dialogs. */
  readonly faults: string[]
}

/** A browser with a profile of its own, and one page whose every complaint is kept. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const profile = mkdtempSync(join(tmpdir(), 'headwater-chromium-'))
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    args,
    headless: true,
    viewport: { width: 1440, height: 900 },
    ...options,
  })
  context.setDefaultTimeout(15_000)
  const page = context.pages()[0] ?? (await context.newPage())
  const faults: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`uncaught: ${error}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  // Violations reach the console too; this names the directive, and holds where the console would be silent.
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  await page.goto(url)
  return {
    page,
    faults,
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Nothing may have gone wrong, except where the server was away: browsers report that by themselves. */
export function assertNoFaults(faults: readonly string[], { serverWasAway = false } = {}): void {
  const expected = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING/
  const unexpected = serverWasAway ? faults.filter((fault) => !expected.test(fault)) : faults
  assert.deepEqual(unexpected, [])
}
