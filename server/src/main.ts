import { runCommandLine } from './cli/run.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  environment: process.env,
  cwd: process.cwd(),
  isTerminal: process.stderr.isTTY === true,
})

// A command is over when its exit code is known: a handle that something left open must not keep the process.
setTimeout(() => process.exit(), 1_000).unref()
