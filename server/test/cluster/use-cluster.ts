// Loaded before tests (`node --import`): the servers that they start stand on the engines of a cluster.
import assert from 'node:assert/strict'
import { servicesForTests } from '../../src/engines/services-for-tests.ts'
import { useEngines } from '../../src/engines/testing/engines-for-tests.ts'
import { clusterEngines } from './testing/cluster-engines.ts'

const services = servicesForTests(['redis', 'postgres', 'kafka', 'cassandra'])
assert.ok(services, 'HEADWATER_SERVICES names no running services (npm run services -- up)')
useEngines(clusterEngines(services))
