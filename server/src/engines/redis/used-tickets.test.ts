import { usedTicketsSuite } from '../../conformance/used-tickets.ts'
import { runOnRedis } from './run-on-redis.ts'

runOnRedis(usedTicketsSuite, (ports) => ports.usedTickets)
