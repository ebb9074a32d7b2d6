import type { UserRef } from '@headwater/client'
import { useCallback, useEffect, useState } from 'react'
import { fetchDemoUsers } from './demo-api.ts'
import { messageOf } from './message-of.ts'

export type DemoUsers =
  | { readonly phase: 'loading' }
  /** The server runs without its development key. */
  | { readonly phase: 'none' }
  | { readonly phase: 'failed'; readonly message: string }
  | { readonly phase: 'ready'; readonly users: readonly UserRef[] }

/** The users of the demo, and how to ask for them again. */
export function useDemoUsers(): readonly [DemoUsers, () => void] {
  const [demo, setDemo] = useState<DemoUsers>({ phase: 'loading' })
  const [attempt, setAttempt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is what asks again
  useEffect(() => {
    let isCurrent = true
    const settle = (next: DemoUsers) => isCurrent && setDemo(next)
    fetchDemoUsers().then(
      (users) => settle(users ? { phase: 'ready', users } : { phase: 'none' }),
      (error) => settle({ phase: 'failed', message: messageOf(error) }),
    )
    return () => {
      isCurrent = false
    }
  }, [attempt])
  const reload = useCallback(() => {
    setDemo({ phase: 'loading' })
    setAttempt((n) => n + 1)
  }, [])
  return [demo, reload]
}
