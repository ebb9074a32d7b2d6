import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../src/lib/log.ts'
import type { Ports } from '../../src/ports/ports.ts'
import { type Ask, ask, exchange, firstAnswer } from '../bad-input/testing/wire.ts'
import { like } from '../journeys/testing/calls.ts'
import { dial, openSocket } from '../journeys/testing/socket.ts'
import { apiKey, type OwnServer, ownServer, tokenSecrets } from './testing/own-server.ts'

/** What a caller sends that nobody else may ever read, in logs, metrics or errors. */
const planted = {
  preview: 'planted-preview-5f1d',
  name: 'Planted Name 5f1d',
  property: 'planted-property-5f1d',
  user: 'planted-user-5f1d',
  object: 'planted-object-5f1d',
  device: 'planted-device-5f1d',
  key: 'planted-idempotency-5f1d',
  agent: 'planted-agent-5f1d \u009b31mred',
  password: 'planted-password-5f1d',
}

interface Failing {
  /** What every store that is asked says when it is down: all that it was asked with, and all that it knows. */
  down: string | null
}

/** Stores that fail in the most talkative way. */
function talkative(ports: Ports, state: Failing): Ports {
  const wrap = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          if (state.down === null || typeof name === 'symbol') return value.apply(target, args)
          throw new Error(`${name} failed: ${state.down}`, {
            cause: new Error(`near ${state.down}`),
          })
        }
      },
    })
  return { ...ports, users: wrap(ports.users), groups: wrap(ports.groups), idempotency: wrap(ports.idempotency) }
}

async function runOf(readable: boolean) {
  const lines: string[] = []
  const log = createLog({
    level: 'trace',
    readable,
    secrets: [apiKey, ...tokenSecrets],
    write: (line) => void lines.push(line),
  })
  const state: Failing = { down: null }
  const server = await ownServer({ log, wrap: (ports) => talkative(ports, state), config: { 'http.slowRequestMs': 1 } })
  return { server, lines, state }
}

/** Goes everywhere with planted texts, rightly and wrongly; gives all that was answered, and all that was secret. */
async function goEverywhere(server: OwnServer, state: Failing) {
  const { user, object, device, key, agent } = planted
  const token = await server.token(user, { deviceId: device })
  const { body: tickets } = await ask(server, { method: 'POST', path: '/v1/stream-tickets', token })
  const secrets = [apiKey, ...tokenSecrets, token, String(tickets.ticket)]
  const headers = { 'user-agent': agent, 'idempotency-key': key, cookie: `session=${planted.password}` }
  const event = like(user, user === 'x' ? 'y' : 'carol', object, { metadata: { preview: planted.preview } })
  const requests: readonly Ask[] = [
    {
      method: 'PUT',
      path: `/v1/users/${user}`,
      headers,
      token,
      body: { name: planted.name, properties: { a: planted.property } },
    },
    { method: 'POST', path: '/v1/events', headers, body: event },
    { method: 'POST', path: '/v1/tokens', headers, body: { user_id: user, device_id: device } },
    { method: 'POST', path: '/v1/activities/read', headers, token, body: { group_ids: [object] } },
    { path: '/v1/activities', headers, user: 'carol' },
    { path: '/v1/activities', headers, token: `${token}x` },
    { path: '/v1/activities', headers, token: `${apiKey}x` },
    { path: `/v1/activities?token=${token}`, headers },
    { path: `/v1/activities?${token}=${apiKey}`, headers, user },
    { path: `/v1/${user}/${token}`, headers },
    { path: `/v1/users/${user}`, headers },
    { method: 'PATCH', path: `/v1/users/${user}`, headers },
    { method: 'PUT', path: `/v1/users/${user}`, headers, body: { name: 5, password: planted.password } },
    { method: 'POST', path: '/v1/events', headers, body: { ...event, created_at: planted.password } },
    { method: 'POST', path: '/v1/events', headers, body: `{"password":"${planted.password}` },
  ]
  const answers: string[] = []
  const goOn = async () => {
    for (const request of requests) answers.push((await ask(server, request)).text)
    const upgrade = `GET /ws/v1/activities HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${token}x\r\n\r\n`
    answers.push(firstAnswer(await exchange(server, upgrade)).text)
    answers.push(await exchange(server, `GET /${planted.password} HTTP/9.9\r\nAuthorization: Bearer ${token}\r\n\r\n`))
  }
  await goOn()
  await server.settle()
  using socket = await openSocket(server, user, { token, deviceId: device })
  socket.say({ type: planted.password, token })
  await socket.next('error')
  answers.push(JSON.stringify(socket.frames.filter(({ type }) => type === 'error')))
  const stranger = await dial(server)
  stranger.say({ type: 'auth', token: `${token}x` })
  await stranger.closeCode()
  state.down = `Bearer ${token} ${apiKey} "${tokenSecrets.join('" ')}" of\u001b[2J\u009b31m\r${token}`
  await goOn()
  const failed = answers.slice(-requests.length - 2)
  assert.ok(failed.filter((text) => /"status":5\d\d/.test(text)).length > 3, 'the stores were down')
  state.down = null
  return { answers, secrets }
}

for (const readable of [false, true]) {
  test(`security 17: in ${readable ? 'a log for people' : 'the log'} of a whole run stands no secret, no text of a user and no line of somebody's own`, async () => {
    const { server, lines, state } = await runOf(readable)
    await using _ = server
    const { secrets } = await goEverywhere(server, state)
    const text = lines.join('')
    assert.ok(lines.length > 5, 'failures are logged')
    for (const secret of secrets) assert.ok(!text.includes(secret), `the log holds ${secret}`)
    for (const [name, value] of Object.entries(planted))
      assert.ok(!text.includes(value.slice(0, 12)), `the log holds the ${name}`)
    assert.doesNotMatch(text, /127\.0\.0\.1|::1\b/)
    assert.match(text, /\[masked\]/)
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      assert.doesNotMatch(line.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f]/)
      if (!readable) assert.deepEqual(line.trimEnd().split('\n').length, 1)
    }
  })
}

test('security 17: metrics name routes, and neither users nor what they sent', async () => {
  const { server, state } = await runOf(false)
  await using _ = server
  const { secrets } = await goEverywhere(server, state)
  const metrics = (await ask(server, { path: '/metrics' })).text
  assert.match(metrics, /route="\/v1\/users\/:id"/)
  for (const secret of secrets) assert.ok(!metrics.includes(secret))
  assert.doesNotMatch(metrics, /planted|carol/i)
  const routes = new Set([...metrics.matchAll(/route="([^"]*)"/g)].map((match) => match[1]))
  assert.ok(routes.size < 40, 'an address that nobody knows is no label')
})

test('security 17: errors hold no secret, and nothing of what failed behind them', async () => {
  const { server, state } = await runOf(false)
  await using _ = server
  const { answers, secrets } = await goEverywhere(server, state)
  // A token is what POST /v1/tokens is for; an address that names one is told which of its parameters is unknown.
  for (const text of answers.filter((answer) => answer.includes('"status"'))) {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${text} holds ${secret}`)
    assert.doesNotMatch(text, /planted-password|planted-preview|failed:|near |at .*\(|\.ts/)
  }
})
