import { runCommandLine } from './cli/run.ts'

// Who reads the output may have enough of it, as in `headwater config print | head`. A server goes on without.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  environment: process.env,
  cwd: process.cwd(),
  isTerminal: process.stderr.isTTY === true,
})

// A command is over when its exit code is known: a handle that something left open must not keep the process.
setTimeout(() => process.exit(), 1_000).unref()
