// The catalogues of docs/guide/languages.md, as they stand there, on a real server.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkCatalogues } from '../../src/model/catalogue-check.ts'
import { createSummarize } from '../../src/model/summary.ts'
import { startHeadwater } from '../../src/testing.ts'

const page = readFileSync(fileURLToPath(new URL('../../../docs/guide/languages.md', import.meta.url)), 'utf8')
const shown = [...page.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, text]) => JSON.parse(text as string))
const [dutch, polishActors, germanCases, english] = shown
const folder = mkdtempSync(join(tmpdir(), 'headwater-languages-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a folder of catalogues speaks for a server', async () => {
  const languages = folderOf('good', { nl: dutch, en: english, de: germanCases })
  await using server = await startHeadwater({ config: { 'activity.cataloguesDir': languages } })
  const tell = async (event: object, actors: readonly string[]) => {
    const events = actors.map((actor_id) => ({ actor_id, target_user_id: 'carol', object_id: 'p1', ...event }))
    assert.equal((await server.request('POST', '/v1/events', { body: { events } })).status, 202)
    await server.settle()
  }
  for (const name of ['Mia', 'Ben', 'Cy', 'Dee']) await server.request('PUT', `/v1/users/${name}`, { body: { name } })
  await tell({ event_type: 'LIKE', object_type: 'POST' }, ['Dee', 'Cy', 'Ben', 'Mia'])
  await tell({ event_type: 'CUSTOM', verb: 'endorsed', object_type: 'USER' }, ['Mia'])
  await tell({ event_type: 'CUSTOM', verb: 'waved_at', object_type: 'STORY' }, ['Mia'])
  const summaries = async (language: string): Promise<string[]> => {
    const options = { user: 'carol', headers: { 'accept-language': language } }
    const { body } = await server.request('GET', '/v1/activities', options)
    return body.activity_groups.map(({ summary }: { summary: string }) => summary).sort()
  }
  assert.deepEqual(await summaries('nl-BE, en;q=0.5'), [
    'Mia beveelt je aan',
    'Mia, Ben en 2 anderen vinden je bericht leuk',
    'Mia: waved at',
  ])
  assert.deepEqual(await summaries('en'), [
    'Mia endorses you',
    'Mia waved at your story',
    'Mia, Ben and 2 others liked your post',
  ])
  assert.deepEqual(await summaries('de'), [
    'Mia, Ben und 2 anderen gefällt dein Beitrag',
    'Mia: endorsed',
    'Mia: waved at',
  ])
})

test('the plural forms of Polish', () => {
  const polish = { ...dutch, actors: polishActors }
  assert.deepEqual(checkCatalogues({}, [{ tag: 'pl', content: polish }]), [])
  const summarize = createSummarize({ pl: polish })
  const group = { eventType: 'FOLLOW', verb: '', objectType: 'USER', names: ['Mia', 'Ben', 'Cy'] } as const
  const of = (actorCount: number) => summarize({ ...group, actorCount }, 'pl').replace(' volgen je nu', '')
  assert.equal(of(3), 'Mia, Ben i 1 inna osoba')
  assert.equal(of(5), 'Mia, Ben i 3 inne osoby')
  assert.equal(of(9), 'Mia, Ben i 7 innych osób')
})

test('a server with mistakes in its catalogues names all of them, and ends with 2', () => {
  const { REACTION: _, ...others } = dutch.sentences
  const languages = folderOf('bad', {
    en_US: {},
    en: { sentences: { LIEK: { other: 'x' }, SHARE: { other: '{actors} shared {objct}' } } },
    nl: { ...dutch, sentences: others },
  })
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const env = { PATH: process.env.PATH, PORT: '0', HEADWATER_ACTIVITY__CATALOGUES_DIR: languages }
  const { status, stderr } = spawnSync(process.execPath, [main, 'start'], { cwd: folder, env, encoding: 'utf8' })
  assert.equal(status, 2, stderr)
  const said = (shownLine: string) => stderr.replaceAll(languages, 'languages').includes(shownLine)
  const lines = [...page.matchAll(/^activity\.cataloguesDir \((.*?)( …)?$/gm)].map(([, line]) => line as string)
  assert.equal(lines.length, 4)
  for (const line of lines) assert.ok(said(line), `${line}\n${stderr}`)
})

function folderOf(name: string, catalogues: Readonly<Record<string, unknown>>): string {
  const path = join(folder, name)
  mkdirSync(path)
  for (const [tag, content] of Object.entries(catalogues))
    writeFileSync(join(path, `${tag}.json`), JSON.stringify(content))
  return path
}
