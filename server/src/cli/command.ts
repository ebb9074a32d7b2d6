/** What one command is given. Everything it touches outside of itself comes through here, so that tests can run it. */
export interface Call {
  readonly arguments: readonly string[]
  readonly options: Readonly<Record<string, string | true | undefined>>
  /** Configuration from the command line: `--section.someKey=value`, in order. */
  readonly settings: readonly (readonly [string, string])[]
  readonly io: Io
}

export interface Io {
  out(line: string): void
  /** For people: progress, warnings, errors. */
  err(line: string): void
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Standard error is a terminal: progress may be drawn. */
  readonly isTerminal: boolean
}

export interface OptionSpec {
  /** Name of its value in the help text; left out: the option is a switch. */
  readonly value?: string
  readonly doc: string
}

export interface Command {
  readonly name: string
  /** One sentence. */
  readonly summary: string
  /** What follows the name, as in `USER`; empty when nothing may. */
  readonly arguments: string
  /** More about it, for its help page. */
  readonly description: string
  readonly options: Readonly<Record<string, OptionSpec>>
  /** The exit code: 0 = done, 1 = failed, or differences were found. */
  run(call: Call): Promise<number>
}

/** The command line is wrong: exit code 2, with a hint where help is. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command could not do its work: exit code 1, told without a stack. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** The value of an option that is a whole number. */
export function wholeNumber(call: Call, option: string, fallback: number, range: { min: number; max: number }): number {
  const text = call.options[option]
  if (text === undefined) return fallback
  const value = typeof text === 'string' && /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return value
  throw new UsageError(
    `--${option} expects a whole number from ${range.min} to ${range.max}, not ${JSON.stringify(text)}`,
  )
}

/** The value of an option that takes text. */
export function textOption(call: Call, option: string): string | undefined {
  const value = call.options[option]
  if (value === '') throw new UsageError(`--${option} is empty`)
  return value === true ? undefined : value
}
