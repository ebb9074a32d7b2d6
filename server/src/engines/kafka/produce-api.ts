import type { API } from '@platformatic/kafka'
import type { Offset, Partition } from '../../model/ids.ts'
import type { Driver } from './cluster.ts'

export interface ProducedPartition {
  readonly code: number
  readonly offset: Offset
  readonly appendedAt: number
}

interface PartitionBatch {
  readonly partition: Partition
  readonly bytes: Buffer
}

export type ProduceApi = API<
  [topic: string, timeoutMs: number, batches: readonly PartitionBatch[]],
  ReadonlyMap<Partition, ProducedPartition>
>

const allReplicas = -1

/** The produce request for batches that are encoded already, with an outcome for each partition. */
export function produceApi({ createAPI, Writer, produceV11 }: Driver): ProduceApi {
  const { api, parseResponse } = produceV11
  function request(topic: string, timeoutMs: number, batches: readonly PartitionBatch[]) {
    return Writer.create()
      .appendString(null)
      .appendInt16(allReplicas)
      .appendInt32(timeoutMs)
      .appendArray([topic], (writer, name) => {
        writer.appendString(name).appendArray([...batches], (inner, { partition, bytes }) => {
          inner
            .appendInt32(partition)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes)
        })
      })
      .appendTaggedFields()
  }
  function parse(...answer: Parameters<typeof parseResponse>): ReadonlyMap<Partition, ProducedPartition> {
    const outcomes = new Map<Partition, ProducedPartition>()
    for (const { partitionResponses } of readProduced(() => parseResponse(...answer)).responses) {
      for (const { index, errorCode, baseOffset, logAppendTimeMs } of partitionResponses) {
        outcomes.set(index, { code: errorCode, offset: Number(baseOffset), appendedAt: Number(logAppendTimeMs) })
      }
    }
    return outcomes
  }
  return createAPI(api.key, api.version, request, parse) as unknown as ProduceApi
}

type Produced = ReturnType<Driver['produceV11']['parseResponse']>

/** The driver throws when one partition failed; the others are told within the error. */
function readProduced(parse: () => Produced): Produced {
  try {
    return parse()
  } catch (error) {
    const { response } = error as { response?: Produced }
    if (!response) throw error
    return response
  }
}
