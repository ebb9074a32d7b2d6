import { traceStoreSuite } from '../../conformance/trace-store.ts'
import { runOnRedis } from './run-on-redis.ts'

runOnRedis(traceStoreSuite, (ports) => ports.traces)
