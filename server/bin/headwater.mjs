#!/usr/bin/env node
// The command. Headwater's sources are TypeScript that Node runs as it is, so they need the pinned
// Node; the one that started this file may be older.
import { fileURLToPath } from 'node:url'
import { becomeNode } from './pinned-node.mjs'

await becomeNode([fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...process.argv.slice(2)])
