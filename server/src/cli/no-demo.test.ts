import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsWith } from '../config/load.ts'
import { banner, whyNoDemo } from './start.ts'

const server = { url: 'http://127.0.0.1:7070', apiKey: 'planted-key', demoLogins: [], close: async () => {} }
const given = (values: Readonly<Record<string, unknown>>, isDevelopment = false) => ({
  ...settingsWith(values),
  access: { apiKeys: [], tokenSecrets: [] },
  isDevelopment,
})

test('a key of their own on loopback: the banner says that there is no demo for it', () => {
  const config = given({})
  assert.match(
    banner(config, server, whyNoDemo(config)),
    /^ {2}Demo +none, since an API key is configured \(HEADWATER_API_KEY /m,
  )
})

test('where there is a demo, or could not be one, nothing is said of it', () => {
  const far = {
    'http.host': '0.0.0.0',
    'auth.apiKey': 'Wq8Zr3Tn5Lx7Vb2MKd9Pf4Jm',
    'auth.tokenSecret': 'Hs6Kd9Pf4Jm1Rc8YWq8Zr3Tn5Lx7Vb2M',
  }
  assert.equal(whyNoDemo(given({}, true)), '')
  assert.equal(whyNoDemo(given({ 'demo.enabled': false })), '')
  assert.equal(whyNoDemo(given(far)), '')
  assert.doesNotMatch(banner(given({}, true), server, ''), /Demo +none/)
})
