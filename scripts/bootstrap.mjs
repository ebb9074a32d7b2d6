// What `npm start`, `npm test` and the other scripts of package.json run first: it brings a fresh clone
// to the point where the pinned Node can take over, and then lets it.
//
// Plain JavaScript without dependencies, because on a fresh clone the system's Node (20 or newer)
// reads it before anything is installed. When nothing is to be done it costs a few files' reading.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { becomeNode, serverFlags } from '../server/bin/pinned-node.mjs'
import { installDependencies } from './set-up/install.mjs'
import { root } from './set-up/root.mjs'
import { buildWeb } from './set-up/web.mjs'

/** Each command of package.json: what it runs under the pinned Node, and whether it serves the built web pages. */
const commands = {
  start: { run: ['server/src/main.ts', 'start'], web: true, flags: serverFlags },
  test: { run: ['scripts/test.mjs', 'all'], web: true },
  'test:long': { run: ['scripts/test.mjs', 'long'], web: true },
  'test:unit': { run: ['scripts/test.mjs', 'unit'], web: false },
  check: { run: ['scripts/test.mjs', 'check'], web: false },
  'check-history': { run: ['server/test/checkers/main.ts'], web: false },
  sabotage: { run: ['server/test/sabotage/main.ts'], web: false },
  format: { run: ['scripts/format.mjs'], web: false },
  bench: { run: ['bench/run.ts'], web: false },
  services: { run: ['scripts/services/command.ts'], web: false },
  sim: { run: ['server/test/simulation/command.ts'], web: false },
  docs: { run: ['scripts/docs.ts'], web: false },
  'pack:client': { run: ['scripts/pack-client.mjs'], web: false },
}

const [name, ...args] = process.argv.slice(2)
const command = commands[name]
if (command === undefined) {
  console.error(`bootstrap: no command ${name ?? ''}; there are ${Object.keys(commands).join(', ')}.`)
  process.exit(1)
}

const ready = installDependencies() && (!command.web || buildWeb())
if (!ready) process.exit(1)

const [entry, ...first] = command.run
// Compiled code and stripped types are kept between runs: it halves the time until the server listens.
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile'), ...process.env }
// A cluster on this machine finds the services that `npm run services -- up` has started.
const services = join(root, 'node_modules/.cache/headwater/services.json')
if (name === 'start' && !env.HEADWATER_SERVICES && existsSync(services)) env.HEADWATER_SERVICES = services
await becomeNode([...(command.flags ?? []), join(root, entry), ...first, ...args], env)
