import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import type { Config } from '../../../src/config/secrets.ts'
import { groupOf } from '../../../src/engines/kafka/log-epoch.ts'

/** How long the group of a cluster's workers waits for one that is silent; a setting of the brokers otherwise. */
export async function setGroupSession({ kafka, cluster }: Config, sessionMs: number): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...kafka.brokers] })
  const configs = Object.entries({
    'consumer.session.timeout.ms': sessionMs,
    'consumer.heartbeat.interval.ms': Math.ceil(sessionMs / 10),
  }).map(([name, value]) => ({
    name,
    configOperation: IncrementalAlterConfigOperationTypes.SET,
    value: String(value),
  }))
  const resourceName = groupOf(`${cluster.namespace}.activity`, 0)
  try {
    await admin.incrementalAlterConfigs({
      resources: [{ resourceType: ConfigResourceTypes.GROUP, resourceName, configs }],
    })
  } finally {
    await admin.close()
  }
}
