/** One operation on one key: when it was under way, and whether it has ended for certain. */
export interface KeyOperation<Op> {
  readonly op: Op
  readonly began: number
  /** Infinity: it may take effect at any time from its beginning on, or never. */
  readonly ended: number
}

export interface Model<State, Op> {
  readonly start: State
  /** The states that the operation may lead to; none: it cannot have happened here. */
  step(state: State, op: Op): readonly State[]
  /** Equal for equal states. */
  keyOf(state: State): string
}

/**
 * Whether there is one order of the operations, each at some moment between its beginning and its end, that the model
 * allows (Wing and Gong, with Lowe's memory of what was tried). Those that never ended may be left out. Keys are checked
 * one by one: a history is linearizable if it is for each key.
 */
export function isLinearizable<State, Op>(operations: readonly KeyOperation<Op>[], model: Model<State, Op>): boolean {
  const ordered = [...operations].sort((a, b) => a.began - b.began)
  const tried = new Set<string>()
  const open: Situation<State>[] = [{ first: 0, beyond: [], state: model.start }]
  for (;;) {
    const situation = open.pop()
    if (!situation) return false
    const next = nextOf(ordered, situation)
    if (!next.some((at) => ordered[at]?.ended !== Number.POSITIVE_INFINITY)) return true
    // Those that must have happened are tried first: they are put on top.
    for (const at of next.sort((a, b) => endOf(ordered, b) - endOf(ordered, a))) {
      const { op, ended } = ordered[at] as KeyOperation<Op>
      for (const state of model.step(situation.state, op)) {
        const isIdle = ended === Number.POSITIVE_INFINITY && model.keyOf(state) === model.keyOf(situation.state)
        if (isIdle) continue
        const after = { ...done(situation, at), state }
        const key = `${after.first} ${after.beyond} ${model.keyOf(state)}`
        if (tried.has(key)) continue
        tried.add(key)
        open.push(after)
      }
    }
  }
}

/** What is done: everything below `first`, and some beyond it. */
interface Situation<State> {
  readonly first: number
  readonly beyond: readonly number[]
  readonly state: State
}

/** Operations that may be the next: begun before any of those left has ended. */
function nextOf<Op>(ordered: readonly KeyOperation<Op>[], { first, beyond }: Situation<unknown>): number[] {
  const next: number[] = []
  const isDone = new Set(beyond)
  let soonest = Number.POSITIVE_INFINITY
  for (let at = first; at < ordered.length; at++) {
    const { began, ended } = ordered[at] as KeyOperation<Op>
    if (began > soonest) break
    if (isDone.has(at)) continue
    soonest = Math.min(soonest, ended)
    next.push(at)
  }
  return next.filter((at) => (ordered[at] as KeyOperation<Op>).began <= soonest)
}

function done({ first, beyond }: Situation<unknown>, at: number): { first: number; beyond: readonly number[] } {
  const all = [...beyond, at].sort((a, b) => a - b)
  let from = first
  while (all[0] === from) {
    all.shift()
    from++
  }
  return { first: from, beyond: all }
}

const endOf = <Op>(ordered: readonly KeyOperation<Op>[], at: number): number => ordered[at]?.ended ?? 0
