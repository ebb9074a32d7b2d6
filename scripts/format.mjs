// `npm run format`: formats, sorts imports and applies the safe fixes.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './set-up/root.mjs'

const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
const paths = process.argv.slice(2)
const args = ['check', '--write', ...(paths.length > 0 ? paths : ['.'])]
process.exitCode = spawnSync(process.execPath, [biome, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1
