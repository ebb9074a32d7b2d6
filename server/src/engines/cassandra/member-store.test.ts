import { memberStoreSuite } from '../../conformance/member-store.ts'
import { cassandraMemberStore } from './member-store.ts'
import { runOnCassandra } from './run-on-cassandra.ts'

runOnCassandra(memberStoreSuite, cassandraMemberStore)
