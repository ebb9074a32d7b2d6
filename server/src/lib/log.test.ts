import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from './log.ts'

const planted = ['planted-api-key-1234', 'planted "quoted" secret']
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'

for (const readable of [false, true]) {
  test(`no secret shows in ${readable ? 'readable' : 'JSON'} lines, however it gets there`, () => {
    const lines: string[] = []
    const log = createLog({ level: 'trace', readable, secrets: planted, write: (line) => lines.push(line) })
    for (const secret of [...planted, token]) {
      log.info(
        { authorization: `Bearer ${secret}`, headers: { Authorization: secret, list: [{ api_key: secret }] } },
        'fields',
      )
      log.info({ apiKey: secret, tokenSecret: secret, previous_token: secret, cookie: secret }, 'names')
      log.warn(`the message says ${secret}`)
      log.error(new Error(`it broke with ${secret}`, { cause: new Error(`because of ${secret}`) }))
      log.error({ err: Object.assign(new Error('x'), { token: secret, detail: secret }) }, 'failed')
      log.child({ note: secret }).debug('child')
    }
    log.info({ header: 'authorization: Bearer opaque-credential' }, 'seen')
    const text = lines.join('')
    for (const secret of [...planted, 'planted \\"quoted\\" secret', token, 'opaque-credential']) {
      assert.ok(!text.includes(secret), `${secret} shows`)
    }
    assert.equal(lines.length, 19)
  })
}

test('what names no secret stays', () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', readable: false, write: (line) => lines.push(line) })
  log.info({ token_id: 't1', tokens: 3, secretary: 'Ann' }, 'kept')
  const { token_id, tokens, secretary, msg, level } = JSON.parse(lines[0] as string)
  assert.deepEqual(
    { token_id, tokens, secretary, msg, level },
    { token_id: 't1', tokens: 3, secretary: 'Ann', msg: 'kept', level: 'info' },
  )
})

test('a readable line is one line, whatever a message holds', () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', readable: true, write: (line) => lines.push(line) })
  log.info({ user: 'a\nb' }, 'first\r\nsecond \u001b[31mred')
  assert.equal(lines[0]?.split('\n').length, 2)
  assert.ok(lines[0]?.includes('\\x1b[31m'))
})
