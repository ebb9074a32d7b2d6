import { keys } from '../../server/src/config/schema.ts'
import { configSchema } from './config-schema.ts'

const text = { type: 'string' }
const flag = { type: 'boolean' }
const whole = (minimum: number, maximum?: number) => ({
  type: 'integer',
  minimum,
  ...(maximum !== undefined && { maximum }),
})
const list = { type: 'array' }
const anything = { type: 'object' }
const texts = { type: 'object', additionalProperties: text }
const oneOf = (...names: readonly string[]) => ({ type: 'string', enum: names })
const exactly = (properties: Readonly<Record<string, unknown>>) => ({
  type: 'object',
  additionalProperties: false,
  properties,
})

const part = (autoscaling: Readonly<Record<string, unknown>>) =>
  exactly({
    replicas: whole(1),
    resources: anything,
    autoscaling: exactly({ enabled: flag, minReplicas: whole(1), maxReplicas: whole(1), ...autoscaling }),
    maxUnavailable: { anyOf: [whole(1), { type: 'string', pattern: '^[1-9]\\d?%$' }] },
    podAnnotations: texts,
    nodeSelector: texts,
    tolerations: list,
    extraEnv: list,
  })

const cpuPercent = whole(1, 100)

/** JSON Schema of the chart's values: helm refuses what does not fit, before anything is changed. */
export function valuesSchemaFile(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: 'Generated from server/src/config/schema.ts and scripts/deploy/values-schema.ts by `npm run docs`.',
    ...exactly({
      global: anything,
      image: exactly({
        repository: { type: 'string', minLength: 1 },
        tag: text,
        pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
        pullSecrets: list,
        command: { type: 'array', items: text },
      }),
      config: configSchema(),
      secret: exactly({
        existingSecret: text,
        keys: exactly(
          Object.fromEntries(
            keys.filter(({ field }) => field.secret).map(({ name }) => [name, { ...text, minLength: 1 }]),
          ),
        ),
      }),
      preStopSeconds: whole(0, 600),
      readinessPath: oneOf('/healthz', '/readyz'),
      api: part({ cpuPercent }),
      gateway: part({ cpuPercent, socketsPerPod: whole(0) }),
      worker: part({
        trigger: oneOf('prometheus', 'kafka'),
        lagPerWorker: whole(1),
        prometheusAddress: text,
        kafkaEpoch: whole(0),
        authentication: text,
        pollingSeconds: whole(1),
        cooldownSeconds: whole(0, 3_600),
      }),
      service: exactly({ port: whole(1, 65_535), annotations: texts }),
      ingress: exactly({ enabled: flag, className: text, host: text, tlsSecret: text, annotations: texts }),
      spread: exactly({ zones: oneOf('DoNotSchedule', 'ScheduleAnyway'), zoneKey: text }),
      networkPolicy: exactly({
        enabled: flag,
        from: list,
        metricsFrom: list,
        services: { type: 'array', items: exactly({ name: text, port: whole(1, 65_535), to: list }) },
      }),
      serviceAccount: exactly({ create: flag, name: text, annotations: texts }),
      podSecurityContext: anything,
      priorityClassName: text,
      monitoring: exactly({
        serviceMonitor: exactly({ enabled: flag, interval: text, labels: texts }),
        rules: exactly({ enabled: flag, labels: texts }),
        dashboard: exactly({ enabled: flag, labels: texts }),
      }),
    }),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}
