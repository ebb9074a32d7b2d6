import { parentPort } from 'node:worker_threads'
import type { Run } from './run-seeds.ts'
import { simulate } from './simulation.ts'

parentPort?.on('message', ({ seed, operations }: Run) => {
  void simulate(seed, { operations }).then((report) => parentPort?.postMessage(report))
})
