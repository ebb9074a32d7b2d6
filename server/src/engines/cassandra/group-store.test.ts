import { groupStoreSuite } from '../../conformance/group-store.ts'
import { cassandraGroupStore } from './group-store.ts'
import { runOnCassandra } from './run-on-cassandra.ts'

runOnCassandra(groupStoreSuite, cassandraGroupStore, {
  unable: {
    'A purge by time removes rows created before it, at most as many as it was told.':
      'rows expire by themselves, whole, a week after they are past retention',
  },
})
