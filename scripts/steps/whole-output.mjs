// Loaded before the tests of a file: what it tells the runner gets there, also where the process ends with the last test
// (`--test-force-exit`) while the runner is busy. Otherwise what does not fit into the pipe at that moment is lost, and with
// it a few results that nobody misses.
process.stdout._handle?.setBlocking?.(true)
