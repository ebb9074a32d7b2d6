import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { root } from '../set-up/root.mjs'

const patienceMs = 30_000

/** A server of its own: on a free port, with secrets and data of its own and without rate limits. */
export async function startServer(dataFolder) {
  const apiKey = randomBytes(24).toString('base64url')
  const child = spawn(process.execPath, [join(root, 'server/src/main.ts'), 'start'], {
    cwd: root,
    env: {
      ...withoutSettings(process.env),
      PORT: '0',
      HOST: '127.0.0.1',
      HEADWATER_DATA: dataFolder,
      HEADWATER_API_KEY: apiKey,
      HEADWATER_TOKEN_SECRET: randomBytes(48).toString('base64url'),
      HEADWATER_HTTP__RATE_LIMITS: 'off',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  const url = await addressOf(child, ended, () => log)
  return { url, apiKey, json, stop }

  async function json(method, path, body, headers = {}) {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
    return answer.json()
  }

  /** Resolves with what the server had to complain about. */
  async function stop() {
    child.kill('SIGTERM')
    const timer = setTimeout(killWithUs, patienceMs)
    const code = await ended
    clearTimeout(timer)
    process.off('exit', killWithUs)
    const complaints = log.split('\n').filter((line) => /"level":"(warn|error|fatal)"/.test(line) || !isLogLine(line))
    return code === 0 ? complaints : [...complaints, `The server ended with ${code} when it was asked to stop.`]
  }
}

const isLogLine = (line) => line === '' || line.startsWith('{')

/** Without what configures a server that the person who runs this may have. */
const withoutSettings = (env) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(HEADWATER_|PORT$|HOST$)/.test(name)))

function addressOf(child, ended, log) {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      const found = /listening on (http:\S+)/.exec(output)
      if (found) resolve(found[1])
    })
    ended.then((code) => reject(new Error(`The server did not start (${code}):\n${log()}`)))
  })
}
