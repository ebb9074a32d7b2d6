/** One thing that is wrong with the configuration. `key` is null when the source as a whole is wrong. */
export interface Problem {
  readonly key: string | null
  /** `headwater.json`, `environment variable PORT`, `flag --http.port`. */
  readonly source: string
  readonly message: string
}

/** Everything that is wrong with the configuration, at once. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(describe).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** A variable that is no key is its own source. */
const describe = ({ key, source, message }: Problem): string =>
  key === null || source.endsWith(` ${key}`) ? `${source}: ${message}` : `${key} (${source}): ${message}`
