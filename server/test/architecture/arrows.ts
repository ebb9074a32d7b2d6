// Which part of the code may import which. The layers, from top to bottom:
//
//   main.ts → cli → server.ts, backup.ts, testing.ts   the ones that see features and engines
//   assemble.ts                                    → http, gateway, features: the server over given ports
//   http, gateway                                  → features
//   features (activity, feed, sync, …)             → wrapped, ports, model, lib, config
//   engines/<profile>.ts                           → engines, ports, model, lib, config (types only): engines that go together
//   engines/<engine>                               → ports, model, lib
//   conformance                                    → ports, model, lib
//   wrapped → ports, model, lib · ports → model, lib (types only) · config → model, lib · model → lib
//   protocol                                       nothing; everybody may import it

import { type Import, isTest, type SourceFile } from './source-file.ts'
import { declaredPackages } from './source-tree.ts'

const features = ['access', 'activity', 'comment', 'feed', 'graph', 'like', 'post', 'search', 'sync']
const ground = ['config', 'lib', 'model', 'ports', 'wrapped']

/** What each folder and root file of server/src may import beside itself and the protocol. */
const allowed: Readonly<Record<string, readonly string[] | 'all'>> = {
  lib: [],
  model: ['lib'],
  config: ['lib', 'model'],
  ports: ['lib', 'model'],
  wrapped: ['lib', 'model', 'ports'],
  conformance: ['lib', 'model', 'ports'],
  engines: ['lib', 'model', 'ports'],
  ...Object.fromEntries(features.map((feature) => [feature, [...features, ...ground]])),
  http: [...features, ...ground],
  gateway: [...features, ...ground],
  cli: [...features, ...ground, 'backup.ts', 'server.ts'],
  'main.ts': ['cli', 'config', 'lib', 'server.ts'],
  'index.ts': ['config', 'lib', 'model', 'ports', 'server.ts'],
  'assemble.ts': [...features, ...ground, 'gateway', 'http'],
  'backup.ts': 'all',
  'server.ts': 'all',
  'testing.ts': 'all',
}

/** Pure functions of their input, so a model may use them. Other built-ins are I/O, time or chance. */
const pure = ['avsc', 'node:buffer', 'node:crypto']

const browserSafe = ['client', 'protocol', 'react', 'web']

const drivers = ['@platformatic/kafka', '@redis/client', 'cassandra-driver', 'ioredis', 'kafkajs', 'pg', 'redis']

/** What is wrong with a file's imports, one sentence each. */
export function wrongArrows(file: SourceFile): string[] {
  // Benchmarks measure the inside too, and are loaded by their names.
  if (file.path.startsWith('bench/')) return []
  return file.imports.flatMap((imported) => {
    const reason = formFault(imported) ?? (isTest(file.path) ? undefined : placeFault(file.path, imported))
    return reason === undefined ? [] : [`${file.path}:${imported.line} ${reason}`]
  })
}

function formFault({ specifier, path, literal }: Import): string | undefined {
  if (!literal) return `imports ${specifier}, an expression that no reader can follow`
  if (path !== undefined) {
    return /\.(ts|tsx|css|svg|json)$/.test(path) ? undefined : `imports ${specifier} without its .ts`
  }
  if (/^[#~/]|^@\//.test(specifier)) return `imports ${specifier}, a path alias`
  return undefined
}

function placeFault(from: string, imported: Import): string | undefined {
  const [workspace] = from.split('/')
  if (imported.path === undefined) return packageFault(from, workspace!, imported)
  const { path, specifier } = imported
  if (!path.startsWith(`${workspace}/`)) return `imports ${specifier} of another workspace by its path`
  if (isTest(path) && from !== 'server/src/testing.ts') return `imports ${specifier}, which is for tests`
  return workspace === 'server' ? serverFault(from, imported) : undefined
}

function packageFault(from: string, workspace: string, { specifier, erased, dynamic }: Import): string | undefined {
  const name = packageOf(specifier)
  if (from.startsWith('server/src/ports/') && name !== '@headwater/protocol') return `imports ${name} into a port`
  if (from.startsWith('server/src/model/') && ![...pure, '@headwater/protocol'].includes(name)) {
    return `imports ${name} into the model, which is pure`
  }
  if (name.startsWith('node:')) {
    return browserSafe.includes(workspace) ? `imports ${name}, and browsers have none` : undefined
  }
  if (drivers.includes(name)) {
    const inEngine = /^server\/src\/engines\/[\w-]+\//.test(from)
    const opened = dynamic && /^server\/src\/engines\/[\w-]+\/open\.ts$/.test(from)
    return (erased && inEngine) || opened ? undefined : `imports the driver ${name}; only its engine's open.ts loads it`
  }
  if (!declaredPackages(workspace).has(name)) return `imports ${name}, which ${workspace}/package.json does not name`
  return undefined
}

function serverFault(from: string, { specifier, path, erased }: Import): string | undefined {
  if (!from.startsWith('server/src/') || path === 'server/package.json') return undefined
  const source = placeOf(from)
  const target = placeOf(path!)
  const may = allowed[source]
  if (may === undefined) return `is in ${source}, which has no layer yet: give it one in test/architecture/arrows.ts`
  if (source === target) return isOtherEngine(from, path!) ? `imports ${specifier} of another engine` : undefined
  if (source === 'engines' && target === 'config' && erased && /^server\/src\/engines\/[\w-]+\.ts$/.test(from))
    return undefined
  if (may !== 'all' && !may.includes(target)) return `imports ${specifier}: no arrow from ${source} to ${target}`
  if (source === 'ports' && !erased) return `imports ${specifier} as a value; ports know types only`
  return undefined
}

/** `engines/sqlite/open.ts` is in engines, `server.ts` stands for itself. */
function placeOf(path: string): string {
  return path.split('/')[2] ?? path
}

/** `engines/sqlite/open.ts` belongs to sqlite; `engines/embedded.ts`, a profile, to none. */
function isOtherEngine(from: string, to: string): boolean {
  const engine = /^server\/src\/engines\/([\w-]+)\//
  const own = engine.exec(from)?.[1]
  return own !== undefined && own !== engine.exec(to)?.[1]
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/**
 * Features may use one another, and so may http and gateway the features; but what uses each other in a circle is one
 * feature with two names.
 */
export function circles(files: readonly SourceFile[]): string[] {
  const uses = new Map<string, Set<string>>()
  for (const { path, imports } of files) {
    if (isTest(path) || !features.includes(placeOf(path)) || !path.startsWith('server/src/')) continue
    for (const imported of imports) {
      const target = imported.path === undefined ? '' : placeOf(imported.path)
      if (features.includes(target) && target !== placeOf(path)) getOrAdd(uses, placeOf(path)).add(target)
    }
  }
  return [...uses.keys()].filter((feature) => reaches(uses, feature, feature)).map((name) => `${name} uses itself`)
}

function getOrAdd(uses: Map<string, Set<string>>, key: string): Set<string> {
  const found = uses.get(key) ?? new Set()
  uses.set(key, found)
  return found
}

function reaches(uses: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>()
  const next = [...(uses.get(from) ?? [])]
  while (next.length > 0) {
    const feature = next.pop()!
    if (feature === to) return true
    if (seen.has(feature)) continue
    seen.add(feature)
    next.push(...(uses.get(feature) ?? []))
  }
  return false
}
