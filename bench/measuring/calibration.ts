/** How fast this machine is just now, by two small loops: one bound by the processor, one by memory. Rates a second. */
export interface Calibration {
  readonly jsonParses: number
  readonly randomReads: number
}

const sample = JSON.stringify({
  event_id: '0190a5a0-0000-7000-8000-000000000000',
  event_type: 'LIKE',
  actor_id: 'user-12345',
  target_user_id: 'user-54321',
  object_type: 'POST',
  object_id: 'post-99999',
  metadata: { preview: 'Sunset at the lake' },
})

let memory: Uint32Array | undefined

/** Takes about 60 ms. */
export function calibrate(): Calibration {
  memory ??= new Uint32Array(2 ** 24).map((_, i) => (Math.imul(i, 2_654_435_761) >>> 0) % 2 ** 24)
  const area = memory
  let at = 0
  return {
    jsonParses: rate(30, 200, () => JSON.parse(sample)),
    randomReads: rate(30, 2_000, () => {
      at = (area[at]! + 7) % area.length
    }),
  }
}

export function driftBetween(a: Calibration, b: Calibration): number {
  const drift = (x: number, y: number) => Math.abs(x - y) / Math.max(x, y)
  return Math.max(drift(a.jsonParses, b.jsonParses), drift(a.randomReads, b.randomReads))
}

function rate(ms: number, batch: number, run: () => void): number {
  const started = performance.now()
  let done = 0
  while (performance.now() - started < ms) {
    for (let i = 0; i < batch; i++) run()
    done += batch
  }
  return (done * 1_000) / (performance.now() - started)
}
