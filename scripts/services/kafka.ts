// Kafka without ZooKeeper: one node that is broker and controller, or three of them.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { classPath, fetchJars, java } from './jars.ts'
import type { Plan, Site } from './plan.ts'
import { cache, ServicesError } from './set.ts'

interface Node {
  readonly id: number
  readonly port: number
  readonly controllerPort: number
  /** Where clients are sent, when it is not the port itself. */
  readonly advertised?: number
}

const jvm = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-XX:-UsePerfData']
const clusterId = 'MkU3OEVBNTcwNTJENDM2Qk'

export async function planKafka({ nodes: count, folder, log, kafkaAdvertised: advertised }: Site): Promise<Plan> {
  const jars = fetchJars('kafka', log)
  const ports = await freePorts(count * 2)
  const nodes = Array.from({ length: count }, (_, at): Node => {
    const [port, controllerPort] = [ports[2 * at] as number, ports[2 * at + 1] as number]
    return { id: at + 1, port, controllerPort, ...(count === 1 && advertised && { advertised }) }
  })
  const brokers = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const template = formatted(jars)

  const processes = nodes.map((node) => {
    const name = count === 1 ? 'kafka' : `kafka-${node.id}`
    const dir = folder(name)
    const data = folder(`${name}-log`, { memory: true })
    writeNode(template, data, node.id)
    writeFileSync(join(dir, 'server.properties'), brokerConfig(node, nodes, data))
    writeFileSync(join(dir, 'log4j2.yaml'), logConfig)
    const heap = ['-Xmx256m', '-Xms64m', ...jvm, '-XX:+ExitOnOutOfMemoryError', '-Djava.net.preferIPv4Stack=true']
    const flags = [...heap, `-Dlog4j2.configurationFile=${join(dir, 'log4j2.yaml')}`, '-cp', classPath(jars)]
    return {
      name,
      command: java(),
      args: [...flags, 'kafka.Kafka', join(dir, 'server.properties')],
      ready: { kind: 'kafka', own: `127.0.0.1:${node.port}`, brokers: nodes.map(advertisedBy) } as const,
      quit: 'SIGKILL' as const,
    }
  })
  return { addresses: { kafka: { brokers } }, processes }
}

const advertisedBy = ({ port, advertised = port }: Node): string => `127.0.0.1:${advertised}`

/**
 * What an empty log folder holds. It names no port, so it is made once and copied: formatting costs a Java start.
 */
function formatted(jars: string): string {
  const folder = `${jars}-formatted`
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'format-'))
  try {
    const node = { id: 1, port: 1, controllerPort: 2 }
    writeFileSync(join(work, 'server.properties'), brokerConfig(node, [node], join(work, 'log')))
    const args = ['format', '-t', clusterId, '-c', join(work, 'server.properties')]
    const flags = [...jvm, '-cp', classPath(jars), 'kafka.tools.StorageTool', ...args]
    const result = spawnSync(java(), flags, { encoding: 'utf8' })
    if (result.status !== 0)
      throw new ServicesError(`Kafka could not format a folder:\n${result.stdout}${result.stderr}`)
    renameSync(join(work, 'log'), folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return folder
}

/** The format of one node, turned into that of another by its two ids. */
function writeNode(template: string, data: string, id: number): void {
  cpSync(template, data, { recursive: true })
  const path = join(data, 'meta.properties')
  const text = readFileSync(path, 'utf8')
    .replace(/^node\.id=.*$/m, `node.id=${id}`)
    .replace(/^directory\.id=.*$/m, `directory.id=${randomBytes(16).toString('base64url')}`)
  writeFileSync(path, text)
}

/** Sessions are short, so that a killed broker or consumer is missed in seconds; the default is nine and forty-five. */
export function brokerConfig(node: Node, nodes: readonly Node[], data: string): string {
  const { id, port, controllerPort } = node
  const copies = nodes.length
  const minimum = copies === 1 ? 1 : 2
  return `process.roles=broker,controller
node.id=${id}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://${advertisedBy(node)}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.quorum.voters=${nodes.map((node) => `${node.id}@127.0.0.1:${node.controllerPort}`).join(',')}
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
log.dirs=${data}
offsets.topic.replication.factor=${copies}
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=${copies}
transaction.state.log.num.partitions=5
transaction.state.log.min.isr=${minimum}
share.coordinator.state.topic.replication.factor=${copies}
share.coordinator.state.topic.min.isr=${minimum}
default.replication.factor=${copies}
min.insync.replicas=${minimum}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
num.network.threads=1
num.io.threads=2
log.cleaner.dedupe.buffer.size=2097152
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=300
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
`
}

/** The start and the end at length, in between what is wrong: a topic of 512 partitions is thousands of lines otherwise. */
const logConfig = `Configuration:
  Appenders:
    Console:
      name: out
      target: SYSTEM_OUT
      PatternLayout:
        pattern: "%d{ISO8601} %p %c{1} %m%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: out
    Logger:
      - name: kafka.server.KafkaRaftServer
        level: INFO
      - name: kafka.server.BrokerServer
        level: INFO
      - name: org.apache.kafka.controller.ReplicationControlManager
        level: WARN
`
