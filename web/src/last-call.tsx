import type { DemoEvent } from './demo-api.ts'
import { Icon } from './icons.tsx'

/** What a developer would send for what was just done. */
export function LastCall({ event }: { event: DemoEvent | null }) {
  if (!event) return <p className="hint">Do something, and watch it arrive on both devices.</p>
  const { preview, op, ...rest } = event
  const body = {
    ...rest,
    ...(preview === undefined ? {} : { metadata: { preview } }),
    ...(op === 'UNDO' ? { op } : {}),
  }
  return (
    <details className="last-call">
      <summary>
        <Icon name="chevron" />
        The call behind it
      </summary>
      <pre>
        <code>{`POST /v1/events\n\n${JSON.stringify(body, null, 2)}`}</code>
      </pre>
    </details>
  )
}
