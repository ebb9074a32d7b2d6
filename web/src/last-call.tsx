import type { DemoEvent } from './demo-api.ts'
import { Icon } from './icons.tsx'

/** What a developer would send for what was just done. */
export function LastCall({ event }: { event: DemoEvent | null }) {
  if (!event) return <p className="hint">Do something, and watch it arrive on both devices.</p>
  return (
    <details className="last-call" open>
      <summary>
        <Icon name="chevron" />
        The call behind it
      </summary>
      <pre>
        <code>{`POST /v1/events\n${bodyOf(event)}`}</code>
      </pre>
    </details>
  )
}

/** A line each for who, what and the rest. */
function bodyOf({ event_type, actor_id, target_user_id, object_type, object_id, op, preview }: DemoEvent): string {
  const lines = [
    { event_type, actor_id, target_user_id },
    { object_type, object_id, ...(op === 'UNDO' ? { op } : {}) },
    ...(preview === undefined ? [] : [{ metadata: { preview } }]),
  ]
  return `{\n${lines.map((line) => `  ${fieldsOf(line)}`).join(',\n')}\n}`
}

function fieldsOf(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `"${name}": ${JSON.stringify(value)}`)
    .join(', ')
}
