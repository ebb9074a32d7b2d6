import { unreadSetsSuite } from '../../conformance/unread-sets.ts'
import { runOnRedis } from './run-on-redis.ts'

runOnRedis(unreadSetsSuite, (ports) => ports.unread)
