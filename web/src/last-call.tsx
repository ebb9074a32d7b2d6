import type { DemoEvent } from './demo-api.ts'
import { Icon } from './icons.tsx'

/** What a developer sends for what was just done. */
export function LastCall({ event }: { event: DemoEvent }) {
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

function bodyOf({ event_type, actor_id, target_user_id, object_type, object_id, op, preview }: DemoEvent): string {
  const lines = [
    fieldsOf({ event_type, actor_id }),
    fieldsOf({ target_user_id, ...(op === 'UNDO' ? { op } : {}) }),
    fieldsOf({ object_type, object_id }),
    ...(preview === undefined ? [] : [`"metadata": { ${fieldsOf({ preview })} }`]),
  ]
  return `{\n${lines.map((line) => `  ${line}`).join(',\n')}\n}`
}

function fieldsOf(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `"${name}": ${JSON.stringify(value)}`)
    .join(', ')
}
