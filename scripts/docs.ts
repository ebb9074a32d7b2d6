// Writes the reference pages that are made from tables in the code. server/test/docs.test.ts fails when one is stale.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { generatedPages } from './docs/pages.ts'

for (const [path, text] of await generatedPages()) {
  writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text)
  console.log(path)
}
