import type { UserRef } from '@headwater/client'
import { useEffect, useState } from 'react'
import { fetchDemoUsers } from './demo-api.ts'
import { Device } from './device.tsx'
import markUrl from './icon.svg'
import { Stage } from './stage.tsx'

type Demo =
  | { readonly phase: 'loading' }
  | { readonly phase: 'none' }
  | { readonly phase: 'failed'; readonly message: string }
  | { readonly phase: 'ready'; readonly users: readonly UserRef[] }

const views = ['phone', 'stage', 'laptop'] as const
type View = (typeof views)[number]
const viewLabels: Readonly<Record<View, string>> = { phone: 'Phone', stage: 'Act', laptop: 'Laptop' }

export function App() {
  const [demo, reload] = useDemo()
  const [userId, setUserId] = useState(() => new URLSearchParams(location.search).get('user') ?? 'carol')
  const [view, setView] = useState<View>('stage')
  if (demo.phase !== 'ready') return <Shell>{demoMessage(demo, reload)}</Shell>

  const user = demo.users.find(({ id }) => id === userId) ?? demo.users[0]
  if (!user) return <Shell>{demoMessage({ phase: 'none' }, reload)}</Shell>
  const choose = (id: string) => {
    setUserId(id)
    history.replaceState(null, '', `?user=${encodeURIComponent(id)}`)
  }
  return (
    <Shell
      picker={
        <label className="picker">
          <span>Logged in as</span>
          <select value={user.id} onChange={(event) => choose(event.target.value)}>
            {demo.users.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <nav className="views" aria-label="Shown">
        {views.map((name) => (
          <button
            key={name}
            type="button"
            className="filter"
            aria-pressed={view === name}
            onClick={() => setView(name)}
          >
            {viewLabels[name]}
          </button>
        ))}
      </nav>
      <main className={`board board-${view}`}>
        <Device key={`${user.id} phone`} user={user} deviceId="demo-phone" label="phone" startsOpen />
        <Stage key={user.id} users={demo.users} target={user} />
        <Device key={`${user.id} laptop`} user={user} deviceId="demo-laptop" label="laptop" startsOpen={false} />
      </main>
    </Shell>
  )
}

function useDemo(): [Demo, () => void] {
  const [demo, setDemo] = useState<Demo>({ phase: 'loading' })
  const [attempt, setAttempt] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is what asks again
  useEffect(() => {
    let isCurrent = true
    const settle = (next: Demo) => isCurrent && setDemo(next)
    fetchDemoUsers().then(
      (users) => settle(users ? { phase: 'ready', users } : { phase: 'none' }),
      (error) => settle({ phase: 'failed', message: error instanceof Error ? error.message : String(error) }),
    )
    return () => {
      isCurrent = false
    }
  }, [attempt])
  return [
    demo,
    () => {
      setDemo({ phase: 'loading' })
      setAttempt((n) => n + 1)
    },
  ]
}

function demoMessage(demo: Exclude<Demo, { phase: 'ready' }>, retry: () => void) {
  if (demo.phase === 'loading') return <p className="whole-page">Loading …</p>
  if (demo.phase === 'none') {
    return (
      <div className="whole-page">
        <h1>This server has no demo</h1>
        <p>Demo logins exist only while the server runs with its development key. The API is described here:</p>
        <a className="button" href="/docs">
          API reference
        </a>
      </div>
    )
  }
  return (
    <div className="whole-page" role="alert">
      <h1>The server cannot be reached</h1>
      <p>{demo.message}</p>
      <button type="button" className="button" onClick={retry}>
        Try again
      </button>
    </div>
  )
}

function Shell({ picker, children }: { picker?: React.ReactNode; children: React.ReactNode }) {
  return (
    <>
      <header className="top">
        <a className="brand" href="/">
          <img src={markUrl} alt="" width="28" height="28" />
          Headwater
        </a>
        <p className="tagline">One person, two devices, and everybody else.</p>
        {picker}
        <a className="top-link" href="/docs">
          API
        </a>
      </header>
      {children}
    </>
  )
}
