#!/usr/bin/env node
// The command. Headwater's sources are TypeScript that Node runs as it is, so they need the pinned
// Node; the one that started this file may be older.
import { fileURLToPath } from 'node:url'
import { becomeNode, serverFlags } from './pinned-node.mjs'

const args = process.argv.slice(2)
const flags = args[0] === 'start' ? serverFlags : []
await becomeNode([...flags, fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...args])
