import type { Batch, BatchSource, KafkaClient, NewRecord } from './client.ts'

/** Stores records at the end of a topic of one partition. `unknown`: they are there, or they are not. */
export async function appendOne(
  client: KafkaClient,
  topic: string,
  records: readonly NewRecord[],
): Promise<'stored' | 'unknown'> {
  const { promise, resolve, reject } = Promise.withResolvers<'stored' | 'unknown'>()
  let taken = false
  const source: BatchSource = {
    take(partition): Batch | undefined {
      if (taken) return undefined
      taken = true
      return { partition, records }
    },
    stored: () => resolve('stored'),
    unknown: () => resolve('unknown'),
    refused: (_, error) => reject(error),
  }
  await client.topic(topic)
  await using producer = client.producer(topic, source)
  producer.offer(0)
  return await promise
}
