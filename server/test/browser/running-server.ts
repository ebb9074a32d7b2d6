import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requestWith } from '../../src/http/testing/ask.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const builtPage = fileURLToPath(new URL('../../../web/dist/index.html', import.meta.url))
const startTimeoutMs = 30_000

export interface RunningServer extends AsyncDisposable {
  readonly url: string
  readonly apiKey: string
  /** A request with the API key, for a user if one is given. Throws unless the answer is a 2xx. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  request(method: string, path: string, options?: { user?: string; body?: unknown }): Promise<any>
  /** Ends the process: `SIGTERM` lets it finish, `SIGKILL` does not. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on its data and its port. */
  startAgain(): Promise<void>
}

/** The program as people start it, on data of its own, with the page that `npm test` has built. */
export async function startServer(environment: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  if (!existsSync(builtPage))
    throw new Error('web/dist is missing: npm run build in web/ makes it, and so does npm test')
  const folder = mkdtempSync(join(tmpdir(), 'headwater-browser-'))
  let { child, output } = await launch(folder, '0', environment)
  const url = /listening on (http:\/\/\S+)/.exec(output)?.[1] ?? ''
  const apiKey = environment.HEADWATER_API_KEY ?? /API key +(\S+) +\(development\)/.exec(output)?.[1] ?? ''

  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.kill(signal)
    await ended
  }
  return {
    url,
    apiKey,
    async request(method, path, asked) {
      const response = await fetch(url + path, requestWith(apiKey, method, asked))
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    stop,
    async startAgain() {
      ;({ child, output } = await launch(folder, new URL(url).port, environment))
    },
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(folder: string, port: string, environment: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn(process.execPath, [main, 'start'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HEADWATER_DATA: 'data', PORT: port, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ready = new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`The server ended before it listened:\n${output}`))
    const late = setTimeout(() => reject(new Error(`The server took too long:\n${output}`)), startTimeoutMs)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
        if (/API pages +http/.test(output)) {
          clearTimeout(late)
          resolve()
        }
      })
    }
    child.once('close', () => {
      clearTimeout(late)
      fail()
    })
  })
  try {
    await ready
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return { child, output }
}
