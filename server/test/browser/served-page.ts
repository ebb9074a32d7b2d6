import { after } from 'node:test'
import { startServer } from './running-server.ts'
import { openPage } from './watched-browser.ts'

/** A server and its page, for all tests of a file. */
export async function servedPage() {
  await using opening = new AsyncDisposableStack()
  const server = opening.use(await startServer())
  const watched = opening.use(await openPage(server.url))
  const opened = opening.move()
  after(() => opened.disposeAsync())
  return { server, watched }
}
