import { commonOptions } from './arguments.ts'
import type { Command, OptionSpec } from './command.ts'

export const overview = (commands: readonly Command[]): string =>
  [
    'headwater: a server for activity streams',
    '',
    'Usage: headwater COMMAND [options]',
    '',
    ...columns(commands.map((command) => [synopsis(command), command.summary])),
    '',
    'headwater COMMAND --help, or headwater help COMMAND, tells more. Exit codes: 0 done, 1 failed, 2 wrong usage.',
  ].join('\n')

export const helpOf = (command: Command): string =>
  [
    `Usage: headwater ${synopsis(command)} [options]`,
    '',
    command.summary,
    ...(command.description ? ['', command.description] : []),
    '',
    ...columns([
      ...Object.entries({ ...command.options, ...commonOptions }).map(
        ([name, spec]) => [optionText(name, spec), spec.doc] as const,
      ),
      ['--section.key VALUE', 'Any configuration key; headwater config doc lists them.'],
    ]),
  ].join('\n')

export const synopsis = ({ name, arguments: names }: Command): string => (names ? `${name} ${names}` : name)

export const optionText = (name: string, { value }: OptionSpec): string => (value ? `--${name} ${value}` : `--${name}`)

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
