import { type RequestOptions, request } from 'node:http'

/** An answer as it came, but for the time of day: two of them are the same or not. */
export interface ExactAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** With exactly these headers, where `fetch` would add its own. */
export function exactAnswer(options: RequestOptions, body?: string | Buffer): Promise<ExactAnswer> {
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { date: _, ...rest } = response.headers
        resolve({ status: response.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks).toString() })
      })
    })
      .on('error', reject)
      .end(body)
  })
}
