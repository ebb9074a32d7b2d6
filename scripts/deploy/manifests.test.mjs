// What the chart's manifests promise beyond being well-formed. HEADWATER_RENDERED names the folder with the rendered ones, as
// JSON; the step "deploy files" of npm test makes it.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { loadSettings } from '../../server/src/config/load.ts'
import { keys } from '../../server/src/config/schema.ts'
import { chartKeys } from './config-schema.ts'

const folder = process.env.HEADWATER_RENDERED
assert.ok(folder, 'HEADWATER_RENDERED is not set: this file runs in the step "deploy files" of npm test')

const cases = Object.fromEntries(
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file.slice(0, -5), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
)
const roles = ['api', 'gateway', 'worker']
const variables = new Map(keys.map(({ variable, field }) => [variable, field]))
const secretVariables = keys.filter(({ field }) => field.secret).map(({ variable }) => variable)

const urls = {
  HEADWATER_REDIS__URL: 'redis://redis:6379',
  HEADWATER_POSTGRES__URL: 'postgres://headwater@postgres:5432/headwater',
}

const ofKind = (documents, kind) => documents.filter((document) => document.kind === kind)
const named = (documents, kind, name) => {
  const found = ofKind(documents, kind).find(({ metadata }) => metadata.name === name)
  assert.ok(found, `${kind} ${name}`)
  return found
}
const selects = (selector, labels) => Object.entries(selector).every(([name, value]) => labels[name] === value)

test('every file of values was rendered', () => {
  assert.deepEqual(Object.keys(cases).sort(), ['everything', 'kafka-lag', 'least', 'plain'])
})

for (const [name, documents] of Object.entries(cases)) {
  describe(name, () => {
    const deployments = ofKind(documents, 'Deployment')
    const podOf = (role) => named(documents, 'Deployment', `stream-${role}`).spec.template

    test('has a deployment for each role, started with it', () => {
      assert.deepEqual(
        deployments.map(({ spec }) => spec.template.spec.containers[0].args),
        roles.map((role) => ['start', '--roles', role]),
      )
    })

    test('pods have no rights, no root, and nowhere to write but in scratch folders', () => {
      for (const role of roles) {
        const { spec } = podOf(role)
        const [container] = spec.containers
        assert.equal(spec.automountServiceAccountToken, false)
        assert.equal(spec.securityContext.runAsNonRoot, true)
        assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault')
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        })
        assert.ok(spec.volumes.every(({ emptyDir }) => emptyDir?.sizeLimit))
        assert.ok(container.resources.requests.cpu && container.resources.limits.memory)
      }
    })

    test('probes ask routes that the server has', () => {
      const routes = readFileSync(new URL('../../server/src/http/operations.ts', import.meta.url), 'utf8')
      for (const role of roles) {
        const [container] = podOf(role).spec.containers
        const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet.path)
        assert.deepEqual(paths, ['/readyz', '/healthz', name === 'plain' ? '/readyz' : '/healthz'])
        for (const path of paths) assert.ok(routes.includes(`'${path}'`), path)
      }
    })

    test('a pod has longer to stop than its preStop, the drain of its sockets and its requests take', () => {
      const { data } = named(documents, 'ConfigMap', 'stream')
      const seconds = (variable) => Number(data[variable] ?? variables.get(variable).default) / 1_000
      for (const role of roles) {
        const { spec } = podOf(role)
        const { lifecycle } = spec.containers[0]
        assert.equal(lifecycle === undefined, name === 'plain')
        const stopping =
          (lifecycle?.preStop.sleep.seconds ?? 0) +
          seconds('HEADWATER_GATEWAY__DRAIN_MS') +
          seconds('HEADWATER_HTTP__REQUEST_TIMEOUT_MS')
        assert.ok(spec.terminationGracePeriodSeconds >= stopping + 15, `${role}: ${spec.terminationGracePeriodSeconds}`)
      }
    })

    test('variables are settings of the server, and what they say is taken', () => {
      const { data } = named(documents, 'ConfigMap', 'stream')
      for (const [variable, value] of Object.entries(data)) {
        const field = variables.get(variable)
        assert.ok(field, variable)
        assert.notEqual(field.parse(value), undefined, `${variable}: ${value}`)
        assert.ok(!field.secret, variable)
      }
      assert.equal(data.HEADWATER_ENGINE, 'cluster')
    })

    test('a pod of each role has settings that the server starts with', () => {
      const { data } = named(documents, 'ConfigMap', 'stream')
      for (const role of roles) {
        const { args, env } = podOf(role).spec.containers[0]
        const given = env.filter((one) => one.valueFrom?.secretKeyRef.optional !== true)
        const secrets = given.map((one) => [
          one.name,
          one.value ?? urls[one.name] ?? 'kq7Vt2mXw9Rz4bLcN8sYfH3jD6gPaE5u',
        ])
        const { settings } = loadSettings({
          environment: { ...data, ...Object.fromEntries(secrets) },
          flags: [[args[1].slice(2), args[2]]],
          cwd: folder,
        })
        assert.equal(settings.engine, 'cluster')
        assert.deepEqual(settings.roles, [role])
        assert.equal(settings.http.host, '0.0.0.0')
      }
    })

    test('every secret comes from the Secret, and none is written down', () => {
      for (const role of roles) {
        const { env } = podOf(role).spec.containers[0]
        const ours = env.filter((one) => one.name.startsWith('HEADWATER_'))
        assert.deepEqual(ours.map((one) => one.name).sort(), [...secretVariables].sort())
        for (const one of ours) {
          assert.equal(one.value, undefined)
          assert.equal(one.valueFrom.secretKeyRef.name, 'headwater')
        }
        const needed = ours.filter((one) => !one.valueFrom.secretKeyRef.optional).map((one) => one.name)
        assert.deepEqual(needed.sort(), [
          'HEADWATER_AUTH__API_KEY',
          'HEADWATER_AUTH__TOKEN_SECRET',
          'HEADWATER_POSTGRES__URL',
          'HEADWATER_REDIS__URL',
        ])
      }
      assert.deepEqual(ofKind(documents, 'Secret'), [])
    })

    test('services, disruption budgets, spreads and policies select the pods that they are for', () => {
      for (const role of roles) {
        const { labels } = podOf(role).metadata
        const other = podOf(roles.find((one) => one !== role)).metadata.labels
        const deployment = named(documents, 'Deployment', `stream-${role}`)
        const policy = ofKind(documents, 'NetworkPolicy').find(({ metadata }) => metadata.name === `stream-${role}`)
        const selectors = [
          deployment.spec.selector.matchLabels,
          named(documents, 'Service', `stream-${role}`).spec.selector,
          named(documents, 'PodDisruptionBudget', `stream-${role}`).spec.selector.matchLabels,
          ...deployment.spec.template.spec.topologySpreadConstraints.map((spread) => spread.labelSelector.matchLabels),
          ...(policy ? [policy.spec.podSelector.matchLabels] : []),
        ]
        for (const selector of selectors) {
          assert.ok(selects(selector, labels), role)
          assert.ok(!selects(selector, other), role)
        }
        const [zones] = deployment.spec.template.spec.topologySpreadConstraints
        assert.equal(zones.topologyKey, 'topology.kubernetes.io/zone')
        assert.equal(zones.maxSkew, 1)
      }
    })

    test('who scales a deployment alone says how many pods it has', () => {
      const scaled = [
        ...ofKind(documents, 'HorizontalPodAutoscaler').map(({ spec }) => [spec.scaleTargetRef.name, spec.minReplicas]),
        ...ofKind(documents, 'ScaledObject').map(({ spec }) => [spec.scaleTargetRef.name, spec.minReplicaCount]),
      ]
      const byName = new Map(scaled)
      assert.equal(byName.size, scaled.length, 'two of them for one deployment')
      for (const { metadata, spec } of deployments) {
        assert.equal(spec.replicas === undefined, byName.has(metadata.name), metadata.name)
      }
      for (const target of byName.keys()) named(documents, 'Deployment', target)
    })
  })
}

describe('with every switch on', () => {
  const documents = cases.everything
  test('sockets and streams go to gateways, everything else to APIs', () => {
    const [{ http }] = named(documents, 'Ingress', 'stream').spec.rules
    assert.deepEqual(
      http.paths.map(({ path, backend }) => [path, backend.service.name]),
      [
        ['/ws/', 'stream-gateway'],
        ['/v1/activities/stream', 'stream-gateway'],
        ['/', 'stream-api'],
      ],
    )
    const gateway = readFileSync(new URL('../../server/src/gateway/gateway.ts', import.meta.url), 'utf8')
    assert.match(gateway, /socketPath = '\/ws\//)
    const stream = readFileSync(new URL('../../server/src/http/stream.ts', import.meta.url), 'utf8')
    assert.ok(stream.includes("'/v1/activities/stream'"))
  })
  test('Prometheus asks with the API key', () => {
    const [endpoint] = named(documents, 'ServiceMonitor', 'stream').spec.endpoints
    assert.deepEqual(endpoint.authorization, { type: 'Bearer', credentials: { name: 'headwater', key: 'api-key' } })
  })
  test('the dashboard and the alerts arrive whole', () => {
    const { data } = named(documents, 'ConfigMap', 'stream-dashboard')
    assert.equal(JSON.parse(data['headwater.json']).uid, 'headwater')
    assert.ok(named(documents, 'PrometheusRule', 'stream').spec.groups[0].rules.length > 5)
  })
  test('nested settings and lists become variables', () => {
    const { data } = named(documents, 'ConfigMap', 'stream')
    assert.equal(data.HEADWATER_ACTIVITY__RULES__LIKE__WINDOW_MS, '60000')
    assert.equal(data.HEADWATER_HTTP__CORS_ORIGINS, 'https://app.test,https://m.app.test')
    assert.equal(data.HEADWATER_HTTP__MAX_BODY_BYTES_IN_FLIGHT, '134217728')
    assert.equal(data.HEADWATER_KAFKA__TLS, 'true')
  })
})

test('the names that the chart makes of settings are those that the server reads', () => {
  const snake = (name) => name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toUpperCase()
  for (const { path, variable } of chartKeys) {
    assert.equal(`HEADWATER_${path.map(snake).join('__')}`, variable)
  }
})

test('the lag that workers are scaled by is that of the topic and group that they read', () => {
  const [trigger] = named(cases['kafka-lag'], 'ScaledObject', 'stream-worker').spec.triggers
  assert.equal(trigger.metadata.topic, 'headwater.activity')
  assert.equal(trigger.metadata.consumerGroup, 'headwater.activity.e2')
  const cluster = readFileSync(new URL('../../server/src/engines/cluster.ts', import.meta.url), 'utf8')
  assert.match(cluster, /topic: `\$\{cluster\.namespace\}\.activity`/)
  const epochs = readFileSync(new URL('../../server/src/engines/kafka/log-epoch.ts', import.meta.url), 'utf8')
  assert.match(epochs, /`\$\{topic\}\.e\$\{epoch\}`/)
})
