// No Docker is needed to see that what the compose file tells the server is what the server knows.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadSettings } from '../../src/config/load.ts'
import { rolesOf } from '../../src/config/roles.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const compose = readFileSync(join(root, 'deploy/compose.yaml'), 'utf8')
const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')

const secrets: Readonly<Record<string, string>> = {
  HEADWATER_API_KEY: '5b0cbe43-0d6a-4e54-9f5c',
  HEADWATER_TOKEN_SECRET: 'q8Zs0pVt3mYx7Rk2Lw9Nf4Hc6Bd1Gj5Ea',
  POSTGRES_PASSWORD: 'd41d8cd98f00',
}

/** The environment of the headwater containers, with the secrets in their places. */
function environment(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, name, value] of compose.matchAll(/^ {4}(HEADWATER_\w+): (.+)$/gm)) {
    const text = value!.replace(/^"(.*)"$/, '$1')
    found[name!] = text.replace(/\$\{(\w+):\?[^}]*\}/g, (_, secret: string) => secrets[secret] ?? assert.fail(secret))
  }
  for (const [, name, value] of dockerfile.matchAll(/\b(HOST|PORT|HEADWATER_DATA)=(\S+)/g)) found[name!] = value!
  return found
}

test('the server takes the settings of every container, and knows all of them', () => {
  const roles = [...compose.matchAll(/command: \[start, --roles=(\w+)\]/g)].map(([, role]) => role!)
  assert.deepEqual(roles, ['api', 'gateway', 'worker'])
  for (const role of roles) {
    const { settings, warnings } = loadSettings({ cwd: root, environment: environment(), flags: [['roles', role]] })
    assert.deepEqual(warnings, [])
    assert.deepEqual([...rolesOf(settings)], [role])
    assert.equal(settings.engine, 'cluster')
    assert.deepEqual([settings.kafka.replicationFactor, settings.cassandra.replicationFactor], [1, 1])
    assert.equal(settings.postgres.url, 'postgres://headwater:d41d8cd98f00@postgres:5432/headwater')
    assert.equal(settings.http.port, 7070)
  }
})

test('every name that a container is given is that of another one', () => {
  const containers = new Set([...compose.matchAll(/^ {2}(\w+):$/gm)].map(([, name]) => name))
  const named = [...compose.matchAll(/(?:\/\/|@|: )(\w+):(?:9092|9093|9042|6379|5432|7070)\b/g)].map(
    ([, name]) => name!,
  )
  assert.ok(named.length >= 7, named.join(', '))
  assert.deepEqual(
    named.filter((name) => !containers.has(name)),
    [],
  )
})

test('what the image is made of is there', () => {
  const paths = [...dockerfile.matchAll(/^COPY ((?:\w[\w./-]* )+)\S+$/gm)].flatMap(([, names]) =>
    names!.trim().split(' '),
  )
  assert.ok(paths.includes('package-lock.json') && paths.includes('server'))
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  )
})
