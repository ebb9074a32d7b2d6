import { objectIndexSuite } from '../../conformance/object-index.ts'
import { cassandraObjectIndex } from './object-index.ts'
import { runOnCassandra } from './run-on-cassandra.ts'

runOnCassandra(objectIndexSuite, cassandraObjectIndex)
