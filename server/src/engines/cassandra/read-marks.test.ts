import { readMarksSuite } from '../../conformance/read-marks.ts'
import { cassandraReadMarks } from './read-marks.ts'
import { runOnCassandra } from './run-on-cassandra.ts'

runOnCassandra(readMarksSuite, cassandraReadMarks)
