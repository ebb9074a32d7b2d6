import { Badge } from './bell.tsx'
import { Icon, type IconName } from './icons.tsx'

export type View = 'phone' | 'stage' | 'laptop'

const views: readonly { readonly view: View; readonly label: string; readonly icon: IconName }[] = [
  { view: 'phone', label: 'Phone', icon: 'phone' },
  { view: 'stage', label: 'Everyone else', icon: 'people' },
  { view: 'laptop', label: 'Laptop', icon: 'laptop' },
]

interface ViewSwitchProps {
  readonly view: View
  readonly unread: Readonly<Partial<Record<View, number>>>
  readonly onView: (view: View) => void
}

/** On a narrow screen, where only one of the three fits: which one. */
export function ViewSwitch({ view: shown, unread, onView }: ViewSwitchProps) {
  return (
    <nav className="views" aria-label="What is shown">
      {views.map(({ view, label, icon }) => (
        <button key={view} type="button" aria-pressed={view === shown} onClick={() => onView(view)}>
          <span className="views-icon">
            <Icon name={icon} />
            <Badge count={unread[view] ?? 0} isRinging />
          </span>
          {label}
        </button>
      ))}
    </nav>
  )
}
