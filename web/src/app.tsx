import { useState } from 'react'
import { Board } from './board.tsx'
import { Stranger } from './stranger.tsx'
import { TopBar } from './top-bar.tsx'
import { useDemoUsers } from './use-demo-users.ts'
import { Failed, Loading, NoDemo } from './whole-page.tsx'

export function App() {
  const [demo, reload] = useDemoUsers()
  const [userId, setUserId] = useState(() => new URLSearchParams(location.search).get('user') ?? 'carol')
  const users = demo.phase === 'ready' ? demo.users : []
  const user = users.find(({ id }) => id === userId) ?? users[0]
  const choose = (id: string) => {
    setUserId(id)
    history.replaceState(null, '', `?user=${encodeURIComponent(id)}`)
  }
  return (
    <>
      <TopBar users={users} chosen={user} onChoose={choose} />
      {demo.phase === 'loading' && <Loading />}
      {demo.phase === 'failed' && <Failed message={demo.message} onRetry={reload} />}
      {demo.phase === 'none' && <NoDemo />}
      {user && user.id !== userId && <Stranger asked={userId} user={user} onDismiss={() => choose(user.id)} />}
      {/* Another user is another session: nothing of the last one stays. */}
      {user && <Board key={user.id} users={users} user={user} />}
    </>
  )
}
