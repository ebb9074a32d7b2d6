import type { UserRef } from '@headwater/client'
import { useEffect, useRef, useState } from 'react'
import { type Deed, deedKey, standingDeeds } from './deed.ts'
import { act, type DemoEvent } from './demo-api.ts'
import { messageOf } from './message-of.ts'
import type { DeviceStream } from './use-device.ts'

export interface Deeds {
  isDone(actorId: string, deed: Deed): boolean
  /** Does it, or takes it back. */
  perform(actorIds: readonly string[], deeds: readonly Deed[], op: 'ADD' | 'UNDO'): Promise<void>
  /** The last one that was sent. */
  readonly last: DemoEvent | null
  readonly failure: string
  dismiss(): void
}

/**
 * What others did to a user. What stands is asked for whenever the stream comes up; what is done here shows at once and
 * holds over it.
 */
export function useDeeds(target: UserRef, { client, state }: DeviceStream): Deeds {
  const [standing, setStanding] = useState<ReadonlySet<string>>(new Set())
  const [own, setOwn] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [last, setLast] = useState<DemoEvent | null>(null)
  const [failure, setFailure] = useState('')
  const queue = useRef(Promise.resolve())
  const isLive = state.connection === 'online'

  useEffect(() => {
    if (!isLive) return
    let isWanted = true
    // Without an answer the buttons offer to do what may be done already, which does no harm.
    standingDeeds(client).then(
      (keys) => isWanted && setStanding(keys),
      () => {},
    )
    return () => {
      isWanted = false
    }
  }, [client, isLive])

  const put = (key: string, isDone: boolean) => setOwn((before) => new Map(before).set(key, isDone))
  const isDone: Deeds['isDone'] = (actorId, deed) => {
    const key = deedKey(actorId, deed)
    return own.get(key) ?? standing.has(key)
  }
  /** One after the other: a like and its undo must not overtake each other. */
  const perform: Deeds['perform'] = (actorIds, deeds, op) => {
    setFailure('')
    const steps = deeds.flatMap((deed) =>
      actorIds.map((actorId) => ({ deed, actorId, key: deedKey(actorId, deed), wasDone: isDone(actorId, deed) })),
    )
    for (const { key } of steps) put(key, op === 'ADD')
    const run = queue.current.then(async () => {
      for (let step = steps.shift(); step; step = steps.shift()) {
        const event = { ...step.deed, op, actor_id: step.actorId, target_user_id: target.id }
        setLast(event)
        try {
          await act(event)
        } catch (error) {
          setFailure(messageOf(error))
          for (const { key, wasDone } of [step, ...steps.splice(0)]) put(key, wasDone)
        }
      }
    })
    queue.current = run
    return run
  }

  return {
    isDone,
    perform,
    last,
    failure,
    dismiss: () => setFailure(''),
  }
}
