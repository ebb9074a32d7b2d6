import { ConfigError } from '../config/config-error.ts'
import { HeadwaterError } from '../lib/error.ts'
import { hint, parseCall } from './arguments.ts'
import { CommandFailure, type Io, UsageError } from './command.ts'
import { allCommands, commands } from './commands.ts'
import { helpOf, overview } from './help.ts'

/** Runs one command line; resolves with the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args
  if (name === 'help' && rest[0] !== undefined) return runCommandLine([rest[0], '--help'], io)
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    io.out(overview(await allCommands()))
    return name === undefined ? 2 : 0
  }
  if (name === '--version') {
    io.out((await import('../../package.json', { with: { type: 'json' } })).default.version)
    return 0
  }
  try {
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!load) throw new UsageError(`there is no command ${name}${hint(name, Object.keys(commands))}`)
    const command = await load()
    const call = parseCall(command, rest)
    if (call.options.help === true) {
      io.out(helpOf(command))
      return 0
    }
    return await command.run({ ...call, io })
  } catch (error) {
    return tell(error, name, io)
  }
}

function tell(error: unknown, name: string, io: Io): number {
  if (error instanceof UsageError) {
    io.err(`headwater ${name}: ${error.message}`)
    io.err(
      Object.hasOwn(commands, name)
        ? `headwater ${name} --help tells what it takes.`
        : 'headwater --help lists the commands.',
    )
    return 2
  }
  if (error instanceof ConfigError) {
    io.err('The configuration is not right:')
    for (const line of error.message.split('\n')) io.err(`  ${line}`)
    return 2
  }
  if (error instanceof CommandFailure) io.err(`headwater ${name}: ${error.message}`)
  else if (HeadwaterError.is(error)) io.err(`headwater ${name}: ${error.detail}`)
  else io.err(`headwater ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 1
}
