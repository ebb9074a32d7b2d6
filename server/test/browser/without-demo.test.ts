// A server with a key of its own has no demo logins; its page says so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from './running-server.ts'
import { openPage } from './watched-browser.ts'

test('without the development key the page points to the API instead', async () => {
  await using server = await startServer({
    HEADWATER_API_KEY: 'a-key-of-its-own-that-is-long-enough-0123456789',
    HEADWATER_TOKEN_SECRET: 'a-secret-of-its-own-that-is-long-enough-0123456789',
  })
  await using watched = await openPage(server.url)
  await watched.page.getByRole('heading', { name: 'This server has no demo' }).waitFor()
  assert.equal(await watched.page.getByRole('link', { name: 'Read the API reference' }).getAttribute('href'), '/docs')
  assert.equal(await watched.page.getByLabel('Logged in as').count(), 0)
  // The browser reports the 404 of the question whether there is a demo, and nothing else.
  assert.deepEqual(
    watched.faults.filter((fault) => !fault.includes('404')),
    [],
  )
})
