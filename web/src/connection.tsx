import type { ActivitiesState } from '@headwater/client'

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

/** Says what follows for the list. It lies over the frame's lower edge, so that nothing moves when it comes and goes. */
export function ConnectionNotice(props: ConnectionProps) {
  const shown = shownOf(props)
  if (shown === 'offline') {
    return <p className="notice">Offline. It catches up when it is back.</p>
  }
  // Most connections are back before anybody could read this: it shows late.
  if (shown === 'reconnecting') return <p className="notice notice-late">The connection is lost. Trying again …</p>
  if (shown === 'refused') return <p className="notice notice-bad">{props.state.error?.detail}</p>
  return null
}
