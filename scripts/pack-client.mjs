// `npm run pack:client [folder]`: the client as a tarball that other projects install by its path. Inside the clone the
// workspaces run from their TypeScript sources; a package from a registry has to be JavaScript with declarations, and
// must not need `@headwater/protocol`, which is compiled into it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { root } from './set-up/root.mjs'
import { runTool } from './steps/run.mjs'

/** What the code may use: every browser of the last years and Node 20 have it. `Disposable` is a type only. */
const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom', 'esnext.disposable'],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  declaration: true,
  rootDir: 'src',
  outDir: 'dist',
}

// npm runs scripts in the root folder, and says where it was called.
const target = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? join(root, 'client/dist'))
const folder = mkdtempSync(join(tmpdir(), 'headwater-client-'))
try {
  copySources('client/src', '.', './protocol/index.ts')
  copySources('protocol/src', 'protocol')
  write('package.json', manifest())
  write('tsconfig.json', { compilerOptions, include: ['src'] })
  const { code, output } = await runTool('typescript/bin/tsc', ['-p', folder])
  if (code !== 0) fail(output)
  renameInDeclarations()
  for (const [from, to] of [
    ['client/README.md', 'README.md'],
    ['LICENSE', 'LICENSE'],
  ])
    copyFileSync(join(root, from), join(folder, to))
  console.log(join(target, pack()))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Sources without their tests. `protocol` is the path that stands for the package of that name. */
function copySources(from, to, protocol) {
  const files = globSync('**/*.ts', {
    cwd: join(root, from),
    exclude: ['**/*.test.ts', 'testing/**', '**/node_modules/**'],
  })
  for (const file of files) {
    const path = join(folder, 'src', to, file)
    mkdirSync(dirname(path), { recursive: true })
    const text = readFileSync(join(root, from, file), 'utf8')
    writeFileSync(path, protocol === undefined ? text : text.replaceAll("'@headwater/protocol'", `'${protocol}'`))
  }
}

/** The compiler names `./x.js` in the JavaScript, and leaves `./x.ts` in the declarations, where not every tool finds it. */
function renameInDeclarations() {
  for (const file of globSync('dist/**/*.d.ts', { cwd: folder })) {
    const path = join(folder, file)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/((?:from |import\()'\.[^']*)\.ts'/g, "$1.js'"))
  }
}

function manifest() {
  const { name, version, description, license, type } = JSON.parse(
    readFileSync(join(root, 'client/package.json'), 'utf8'),
  )
  return {
    name,
    version,
    description,
    license,
    type,
    engines: { node: '>=20' },
    sideEffects: false,
    files: ['dist'],
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    types: './dist/index.d.ts',
  }
}

function write(file, content) {
  writeFileSync(join(folder, file), `${JSON.stringify(content, null, 2)}\n`)
}

/** Returns the tarball's name. */
function pack() {
  mkdirSync(target, { recursive: true })
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', `--pack-destination=${target}`]
  const options = { cwd: folder, encoding: 'utf8' }
  // npm names itself to the scripts it runs. On Windows the one on PATH is a .cmd file, which only a shell starts.
  const npm = process.env.npm_execpath
  const { status, stdout, stderr, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
  if (status !== 0) fail(`npm pack failed: ${error?.message ?? stderr}`)
  return Object.values(JSON.parse(stdout))[0].filename
}

function fail(why) {
  rmSync(folder, { recursive: true, force: true })
  console.error(why)
  process.exit(1)
}
