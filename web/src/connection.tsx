import type { ActivitiesState } from '@headwater/client'
import { useState } from 'react'
import { useFocusFallback } from './use-focus-fallback.ts'

interface ConnectionProps {
  readonly isOnline: boolean
  readonly state: ActivitiesState
}

type Shown = 'live' | 'connecting' | 'reconnecting' | 'refused' | 'offline'

const words: Readonly<Record<Shown, string>> = {
  live: 'Live',
  connecting: 'Connecting …',
  reconnecting: 'Reconnecting …',
  refused: 'Not connected',
  offline: 'Offline',
}

/** A device that has a list was connected before. */
function shownOf({ isOnline, state }: ConnectionProps): Shown {
  if (!isOnline) return 'offline'
  if (state.connection === 'online') return 'live'
  if (state.connection === 'offline' && state.error !== null) return 'refused'
  return state.status === 'ready' ? 'reconnecting' : 'connecting'
}

export function ConnectionStatus(props: ConnectionProps) {
  const shown = shownOf(props)
  return (
    <p className={`connection connection-${shown}`} role="status">
      {words[shown]}
    </p>
  )
}

interface ConnectionNoticeProps extends ConnectionProps {
  readonly tryNow: () => Promise<boolean>
}

/**
 * Says what follows for the list. It lies over the frame's lower edge, so that nothing moves when it comes and goes; the
 * list has as much room more at its end.
 */
export function ConnectionNotice({ tryNow, ...props }: ConnectionNoticeProps) {
  const shown = shownOf(props)
  if (shown === 'offline') {
    return <p className="notice">Offline. It catches up when it is back.</p>
  }
  if (shown === 'reconnecting') return <Waiting words="Connection lost. Trying again …" tryNow={tryNow} />
  if (shown === 'connecting') return <Waiting words="No connection yet. Trying …" tryNow={tryNow} />
  if (shown === 'refused') {
    return (
      <p className="notice notice-bad">
        {props.state.error?.detail}
        <TryNow onTry={() => void tryNow()} />
      </p>
    )
  }
  return null
}

/** Most connections are there before anybody could read this: it shows late. */
function Waiting({ words, tryNow }: { words: string; tryNow: () => Promise<boolean> }) {
  const [tried, setTried] = useState<'by itself' | 'now' | 'in vain'>('by itself')
  const now = () => {
    setTried('now')
    void tryNow().then((isAnswered) => isAnswered || setTried('in vain'))
  }
  return (
    <p className="notice notice-late">
      {tried === 'by itself' && words}
      {tried === 'now' && 'Trying …'}
      {tried === 'in vain' && 'No answer yet. It goes on trying.'}
      <TryNow onTry={now} />
    </p>
  )
}

function TryNow({ onTry }: { onTry: () => void }) {
  const ref = useFocusFallback('.caption button')
  return (
    <button ref={ref} type="button" className="link" onClick={onTry}>
      Try now
    </button>
  )
}
