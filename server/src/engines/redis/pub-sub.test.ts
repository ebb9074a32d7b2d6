import { pubSubSuite } from '../../conformance/pub-sub.ts'
import { runOnRedis } from './run-on-redis.ts'

runOnRedis(pubSubSuite, (ports) => ports.pubSub)
