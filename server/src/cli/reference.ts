import type { Command, OptionSpec } from './command.ts'
import { optionText, synopsis } from './help.ts'

/** The page docs/reference/cli.md, made from the commands themselves. */
export const cliPage = (commands: readonly Command[]): string => `${[intro, ...commands.map(section)].join('\n\n')}\n`

const intro = `# Command line

<!-- Generated from server/src/cli/ by \`npm run docs\`. -->

In a clone of the repository the commands run as \`npx headwater COMMAND\`; \`npm start\` is \`headwater start\` after installing what is missing.
Every command takes \`--help\`, \`--config FILE\` and any [configuration key](configuration.md) as \`--section.someKey=value\`.

Exit codes: \`0\` done, \`1\` failed or differences were found, \`2\` wrong usage or configuration. What a command is asked for goes to
standard output; progress, warnings and errors go to standard error.

Commands that call a running server find it by \`--url\`, else \`HEADWATER_URL\`, else by the file \`server.json\` that a running server keeps in
its data directory, else by \`http.host\` and \`http.port\`. The API key is \`HEADWATER_API_KEY\` or the file's \`auth.apiKey\`, else the development
key of the data directory.`

function section(command: Command): string {
  const own = Object.entries(command.options)
  return [
    `## \`${synopsis(command)}\``,
    '',
    command.summary,
    ...(command.description ? ['', command.description.replaceAll('\n', ' ')] : []),
    ...(own.length > 0 ? ['', '| Option | Meaning |', '|---|---|', ...own.map(row)] : []),
  ].join('\n')
}

const row = ([name, spec]: readonly [string, OptionSpec]): string => `| \`${optionText(name, spec)}\` | ${spec.doc} |`
