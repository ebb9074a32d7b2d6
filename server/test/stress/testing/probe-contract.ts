/** What a scenario asks the probe inside the server process for, and what it gets. */
export type ProbeQuestion =
  | { readonly ask: 'resources' }
  /** Keeps the main thread busy. */
  | { readonly ask: 'stall'; readonly ms: number }
  /** Sets the wall clock forward, or back. */
  | { readonly ask: 'jump'; readonly ms: number }
  /** Makes a mistake that nobody handles. */
  | { readonly ask: 'throw' | 'reject' }

export interface Resources {
  readonly rssBytes: number
  /** The highest since the process started. */
  readonly peakRssBytes: number
  /** After a collection. */
  readonly heapBytes: number
  /** What keeps the process going: sockets, timers, requests, by name. */
  readonly handles: Readonly<Record<string, number>>
  /** Of the event loop since it was asked last. */
  readonly loopDelayMs: { readonly p99: number; readonly max: number }
  /** Of the whole process since it started. */
  readonly cpuMs: number
}

export interface ProbeAnswer {
  readonly id: number
  readonly resources?: Resources
}
