/**
 * The entries that a lockfile lacks: exact optional dependencies of a locked package, one for each platform, whose
 * platform is in their name (`cli-linux-x64-musl`). Pairs of path and entry.
 */
export function missingPlatforms(lock) {
  return Object.entries(lock.packages).flatMap(([path, owner]) =>
    Object.entries(owner.optionalDependencies ?? {}).flatMap(([name, version]) => {
      const entry = `node_modules/${name}`
      const platform = platformOf(name)
      if (platform === undefined || lock.packages[entry] || lock.packages[`${path}/${entry}`]) return []
      return [[entry, { version, ...platform, ...(owner.dev ? { dev: true } : {}), optional: true }]]
    }),
  )
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']

function platformOf(name) {
  const words = name.split(/[/-]/)
  const at = words.findIndex((word) => systems.includes(word))
  if (at < 0 || words[at + 1] === undefined) return undefined
  const abi = words[at + 2] ?? ''
  const libc = /^musl/.test(abi) ? ['musl'] : /^gnu/.test(abi) ? ['glibc'] : undefined
  return { cpu: [words[at + 1]], os: [words[at]], ...(libc ? { libc } : {}) }
}
