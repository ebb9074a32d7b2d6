import { readMarksSuite } from '../../conformance/read-marks.ts'
import { memoryReadMarks } from './read-marks.ts'
import { runOnMemory } from './run-on-memory.ts'

runOnMemory(readMarksSuite, (storage) => memoryReadMarks(storage.marks))
