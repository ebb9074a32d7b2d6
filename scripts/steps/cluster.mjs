import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leftOut, patternOf } from '../../server/test/cluster/not-on-cluster.ts'
import { MissingError, ServicesError, services, writeJson } from '../services/set.ts'
import { removeSet, startServices } from '../services/start.ts'
import { root } from '../set-up/root.mjs'
import { mayInstall, missing } from './needs.mjs'
import { nodeTests, testFiles } from './node-tests.mjs'

/**
 * The engines of the cluster and servers on top of them, against real services that run for as long as the step does.
 * Where HEADWATER_SERVICES names running services already, it is those. If this process is killed, a watcher stops them.
 */
export async function cluster() {
  const files = testFiles().cluster
  if (files.length === 0) return { ok: true, output: '', absent: true }
  const given = process.env.HEADWATER_SERVICES
  if (given !== undefined && given !== '') return tests(files, given)

  let started
  try {
    started = await startServices({ only: services, nodes: 1, cassandraHeap: '512m', mayInstall, log })
  } catch (error) {
    if (error instanceof MissingError) return without(files, error.message)
    if (error instanceof ServicesError) return { ok: false, output: `${error.message}\n` }
    throw error
  }
  try {
    const file = join(started.set.dir, 'services.json')
    writeJson(file, started.addresses)
    return await tests(files, file)
  } finally {
    await removeSet(started.set)
  }
}

/** Two at once: the services are the greater part of the work. A suite that starts and kills services takes minutes. */
async function tests(files, file) {
  const env = { HEADWATER_SERVICES: file }
  const own = await nodeTests(files, { isolated: true, concurrency: 2, timeoutMs: 300_000, env })
  const servers = await embeddedTests(env)
  return {
    ok: own.ok && servers.ok,
    output: own.output + servers.output,
    passed: (own.passed ?? 0) + (servers.passed ?? 0),
    failed: (own.failed ?? 0) + (servers.failed ?? 0),
  }
}

/** The journeys and invariants of the server in one process, once more on these engines. */
function embeddedTests(env) {
  const left = leftOut(process.env.HEADWATER_LONG !== undefined)
  for (const { test, reason } of left) console.log(`  not on a cluster: ${test}: ${reason}`)
  const files = testFiles().whole.filter(
    (path) => /^server\/test\/(journeys|invariants)\//.test(path) && startsServers(path),
  )
  return nodeTests(files, {
    isolated: true,
    concurrency: 2,
    timeoutMs: 300_000,
    env,
    load: [new URL('../../server/test/cluster/use-cluster.ts', import.meta.url).href],
    skip: left.map(patternOf),
  })
}

const startsServers = (path) => readFileSync(join(root, path), 'utf8').includes('startHeadwater')

/** Elsewhere than in CI the files run all the same: some of their tests need no service, and the others say what they need. */
async function without(files, what) {
  const absence = missing(what)
  return absence.ok ? { ...(await nodeTests(files, { isolated: true })), skipped: absence.skipped } : absence
}

function log(line) {
  console.log(`  services: ${line}`)
}
