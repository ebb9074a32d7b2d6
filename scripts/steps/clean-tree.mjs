// What a public repository must not hold: the hosts that packages were fetched from (a lockfile that names them
// works for one network only), packages we do not use, and paths of the machine it was written on.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { missingPlatforms } from '../set-up/lock.mjs'
import { root } from '../set-up/root.mjs'
import { trackedFiles } from './tracked-files.mjs'

// Each pattern, and what it must find, is put together from pieces: this file is checked as well.
const rules = [
  {
    name: 'the host of a package registry',
    pattern: new RegExp(
      `\\b[\\w.-]*(${['np' + 'mjs', 'np' + 'mmirror', 'yarn' + 'pkg', 'py' + 'pi', 'python' + 'hosted', 'crates'].join('|')})\\.(org|com|io)\\b|` +
        '\\b[\\w.-]*\\b(maven|debian|golang)[\\w-]*\\.(org|com)\\b',
      'i',
    ),
    planted: ['https://registry.np' + 'mjs.org/ws', 'files.python' + 'hosted.org', 'http://deb.deb' + 'ian.org/x'],
  },
  {
    name: 'a package this project does not use',
    pattern: new RegExp('@stream' + '-io/'),
    planted: ['"@stream' + '-io/x"'],
  },
  {
    name: 'a path of the machine it was written on',
    pattern: new RegExp('(?<![\\w.-])/wo' + 'rk/[a-z]+/|\\.libr' + 'ary/|(?<![\\w.-])/(home|Users)/[a-z][\\w.-]*/'),
    planted: ['/wo' + 'rk/main/server', 'cd .libr' + 'ary/x', '/ho' + 'me/alice/x'],
  },
]

const binary = /\.(png|jpe?g|gif|webp|ico|woff2?|model|gz|avro)$/

export async function cleanTree() {
  const findings = []
  for (const { name, pattern, planted } of rules) {
    for (const text of planted) if (!pattern.test(text)) findings.push(`The rule against ${name} misses ${text}`)
  }
  for (const path of await trackedFiles()) {
    if (binary.test(path) || !statSync(join(root, path), { throwIfNoEntry: false })?.isFile()) continue
    const lines = readFileSync(join(root, path), 'utf8').split('\n')
    for (const { name, pattern } of rules) {
      lines.forEach((line, at) => {
        const found = pattern.exec(line)
        if (found !== null) findings.push(`${path}:${at + 1} has ${name}: ${found[0]}`)
      })
    }
  }
  // Noticed here, and not by the next fresh clone.
  const missing = missingPlatforms(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  if (missing.length > 0) findings.push(`package-lock.json lacks ${missing.length} packages: run npm run lock`)
  return { ok: findings.length === 0, output: findings.map((finding) => `${finding}\n`).join('') }
}
