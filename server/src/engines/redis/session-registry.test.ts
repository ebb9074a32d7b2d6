import { sessionRegistrySuite } from '../../conformance/session-registry.ts'
import { runOnRedis } from './run-on-redis.ts'

runOnRedis(sessionRegistrySuite, (ports) => ports.sessions)
