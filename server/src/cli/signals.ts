/** One Ctrl-C can reach a process twice, from the terminal and from the program that started it. */
const sameSignalMs = 200

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: number | undefined
    const onSignal = (name: 'SIGTERM' | 'SIGINT') => () => {
      const now = performance.now()
      first ??= now
      if (now === first) resolve(name)
      else if (now - first > sameSignalMs) process.exit(name === 'SIGTERM' ? 143 : 130)
    }
    process.on('SIGTERM', onSignal('SIGTERM'))
    process.on('SIGINT', onSignal('SIGINT'))
  })
}
