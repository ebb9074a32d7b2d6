import type { UserRef } from '@headwater/client'
import { Avatar } from './avatar.tsx'

interface CastProps {
  readonly users: readonly UserRef[]
  readonly chosen: UserRef
  readonly onChoose: (id: string) => void
}

/** Who acts next. */
export function Cast({ users, chosen, onChoose }: CastProps) {
  return (
    <fieldset className="cast card">
      <legend className="unseen">Act as</legend>
      <span className="cast-label" aria-hidden="true">
        Act as
      </span>
      {users.map((user) => (
        <label key={user.id} className="cast-member">
          <input
            type="radio"
            name="actor"
            value={user.id}
            checked={user.id === chosen.id}
            onChange={() => onChoose(user.id)}
          />
          <Avatar user={user} size="l" />
          <span className="cast-name" dir="auto">
            {user.name}
          </span>
        </label>
      ))}
    </fieldset>
  )
}
