#!/usr/bin/env node
// The installed command. Headwater's sources are TypeScript that Node runs as it is, so they need
// the pinned Node; the one that started this file may be older.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runUnderPinnedNode } from './pinned-node.mjs'

const main = join(dirname(fileURLToPath(import.meta.url)), '../src/main.ts')
process.exitCode = await runUnderPinnedNode([main, ...process.argv.slice(2)])
