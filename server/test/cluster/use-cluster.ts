// Loaded before tests (`node --import`): the servers that they start stand on the engines of a cluster.
import { servicesForTests } from '../../src/engines/services-for-tests.ts'
import { useEngines } from '../../src/engines/testing/engines-for-tests.ts'
import { clusterEngines } from './testing/cluster-engines.ts'

const services = servicesForTests(['redis', 'postgres', 'kafka', 'cassandra'])
// The parent of the processes in which tests run loads this as well.
if (services !== null) useEngines(clusterEngines(services))
