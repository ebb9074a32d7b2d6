const minuteMs = 60_000
const dayMs = 86_400_000

/**
 * The server's document as this moment and this caller make it more exact than any document can be.
 */
export function testableDocument(document, now, { isUser }) {
  const copy = structuredClone(document)
  boundCreatedAt(copy.components.schemas, now)
  showStreamedEvents(copy.paths)
  if (isUser) forgetUserHeader(copy.paths)
  return copy
}

/** What was created too early or too late is refused. The time inside an `event_id` would stand in for what is missing. */
function boundCreatedAt(schemas, now) {
  for (const variant of [...schemas.EventInput.anyOf, ...schemas.EventData.anyOf]) {
    Object.assign(variant.properties.created_at, { minimum: now - 90 * dayMs + 5 * minuteMs, maximum: now + minuteMs })
    variant.required.push('created_at')
  }
}

/** Schemathesis holds the schema against each event of a stream, not against the text of all. */
function showStreamedEvents(paths) {
  const { content } = paths['/v1/activities/stream'].get.responses['200']
  const properties = {
    event: { enum: ['hello', 'activity_group_created', 'activity_group_updated', 'read_state'] },
    id: { type: 'string', pattern: '^[^:]+:[0-9]+$' },
    data: { type: 'string', pattern: '^\\{"type":"[a-z_]+",' },
  }
  content['text/event-stream'].schema = { type: 'object', required: Object.keys(properties), properties }
}

/** Only the API key names a user. */
function forgetUserHeader(paths) {
  for (const operation of operationsOf(paths)) {
    operation.parameters = operation.parameters.filter(({ name }) => name !== 'X-User-Id')
  }
}

/** The ids of the operations that only the API key may call. */
export const forKeyAlone = ({ paths }) =>
  operationsOf(paths)
    .filter(({ security }) => security?.length === 1 && security[0].apiKey)
    .map(({ operationId }) => operationId)

const operationsOf = (paths) => Object.values(paths).flatMap((path) => Object.values(path))
