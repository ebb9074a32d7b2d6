import { parseArgs } from 'node:util'
import { keys } from '../config/schema.ts'
import { nearest } from '../lib/nearest.ts'
import { type Call, type Command, type OptionSpec, UsageError } from './command.ts'

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  config: { value: 'FILE', doc: 'Read the configuration from this file instead of headwater.json.' },
  help: { doc: 'Show what the command does and takes.' },
}

const settingNames = new Set(keys.flatMap(({ name, field }) => (field.flag ? [name, field.flag] : [name])))

/** Splits what follows a command into arguments, its options and settings. */
export function parseCall(command: Command, args: readonly string[]): Omit<Call, 'io'> {
  const specs: Readonly<Record<string, OptionSpec>> = { ...command.options, ...commonOptions }
  const takesText = [...Object.keys(specs).filter((name) => specs[name]?.value), ...settingNames]
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(takesText.map((name) => [name, { type: 'string' }])),
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const positionals: string[] = []
  const options: Record<string, string | true> = {}
  const settings: (readonly [string, string])[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, value } = token
    if (token.rawName === '-h') options.help = true
    else if (Object.hasOwn(specs, name)) options[name] = optionValue(name, specs[name] as OptionSpec, value)
    else if (settingNames.has(name) || name.includes('.')) settings.push([name, required(name, value)])
    else
      throw new UsageError(
        `there is no option ${token.rawName}${hint(name, [...Object.keys(specs), ...settingNames], '--')}`,
      )
  }
  checkCount(command, positionals, options.help === true)
  return { arguments: positionals, options, settings }
}

function optionValue(name: string, spec: OptionSpec, value: string | undefined): string | true {
  if (spec.value) return required(name, value)
  if (value !== undefined) throw new UsageError(`--${name} takes no value`)
  return true
}

function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} needs a value`)
  return value
}

function checkCount(command: Command, positionals: readonly string[], isHelp: boolean): void {
  if (isHelp) return
  const wanted = command.arguments === '' ? 0 : command.arguments.split(' ').length
  if (positionals.length < wanted)
    throw new UsageError(`missing ${command.arguments.split(' ').slice(positionals.length).join(' ')}`)
  if (positionals.length > wanted) throw new UsageError(`unexpected ${JSON.stringify(positionals[wanted])}`)
}

export const hint = (name: string, known: Iterable<string>, prefix = ''): string => {
  const meant = nearest(name, known)
  return meant ? `; did you mean ${prefix}${meant}?` : ''
}
