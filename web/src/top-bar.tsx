import type { UserRef } from '@headwater/client'
import { Icon } from './icons.tsx'
import markUrl from './pictures/mark.svg'

interface TopBarProps {
  readonly users: readonly UserRef[]
  readonly chosen: UserRef | undefined
  readonly onChoose: (id: string) => void
}

export function TopBar({ users, chosen, onChoose }: TopBarProps) {
  return (
    <header className="top">
      <a className="brand" href="/">
        <img src={markUrl} alt="" width="28" height="28" />
        Headwater
      </a>
      <p className="tagline">Activity streams that grow live, with a badge that is right.</p>
      {chosen && (
        <label className="picker">
          <span className="picker-label">Logged in as</span>
          <span className="picker-choice">
            <select value={chosen.id} onChange={(event) => onChoose(event.target.value)}>
              {users.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
            <Icon name="chevron" />
          </span>
        </label>
      )}
      <a className="top-link" href="/docs">
        API
      </a>
    </header>
  )
}
