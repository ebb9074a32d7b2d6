import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leftOut, patternOf } from '../../server/test/cluster/not-on-cluster.ts'
import { MissingError, ServicesError, services, writeJson } from '../services/set.ts'
import { bring, removeSet, startServices } from '../services/start.ts'
import { root } from '../set-up/root.mjs'
import { mayInstall, missing } from './needs.mjs'
import { nodeTests, testFiles } from './node-tests.mjs'

const useCluster = new URL('../../server/test/cluster/use-cluster.ts', import.meta.url).href

/** Brings what the services need. */
export function bringServices() {
  if (!process.env.HEADWATER_SERVICES) bring({ only: services, mayInstall, log })
}

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

/** Services that are killed, cut off and silent under a whole cluster: minutes, and more of them on a busy machine. */
const longAlone = /\/cluster\/(services-fail|degradation)\.test\.ts$/

/** Two at once: the services are the greater part of the work. A suite that starts and kills services takes minutes. */
async function tests(files, file) {
  const env = { HEADWATER_SERVICES: file }
  const isLong = process.env.HEADWATER_LONG !== undefined
  const limits = { isolated: true, concurrency: 2, timeoutMs: isLong ? 3_600_000 : 600_000 }
  const later = isLong ? [] : files.filter((path) => longAlone.test(path))
  for (const path of later) console.log(`  in npm run test:long: ${path}`)
  const results = [
    await nodeTests(
      files.filter((path) => !later.includes(path)),
      { ...limits, env },
    ),
  ]
  const left = leftOut(isLong)
  for (const { test, reason } of left) console.log(`  not on a cluster: ${test}: ${reason}`)
  for (const fence of isLong ? ['lwt', 'stamp'] : ['lwt']) {
    const onCluster = { load: [useCluster], skip: left.map(patternOf), env: { ...env, HEADWATER_TEST_FENCE: fence } }
    results.push(await nodeTests(ofOneServer(isLong), { ...limits, ...onCluster }))
  }
  const sum = (name) => results.reduce((total, result) => total + (result[name] ?? 0), 0)
  const output = results.map((result) => result.output).join('')
  const taken = results.flatMap((result) => result.files ?? [])
  return { ok: results.every(({ ok }) => ok), output, passed: sum('passed'), failed: sum('failed'), files: taken }
}

/** Tests of the server in one process, which run once more on these engines. */
function ofOneServer(isLong) {
  const folders = isLong
    ? /^server\/test\/(journeys|invariants|bad-input|security)\//
    : /^server\/test\/(journeys|invariants)\//
  return testFiles().whole.filter((path) => folders.test(path) && startsServers(path))
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
