import { closeCodes, frameErrors, limits, pingIntervalMs, silenceTimeoutMs } from '@headwater/protocol'
import { type TProperties, Type } from 'typebox'
import { componentsOf } from './components.ts'
import { ActivityGroup, countFields, DeviceId, GroupId, Nullable, UserId } from './schemas.ts'

/** The frames of `/ws/v1/activities` as schemas. A test keeps them equal to the types of the protocol. */

const Seq = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

const frame = <const T extends string, P extends TProperties>(type: T, description: string, properties: P) =>
  Type.Object({ type: Type.Literal(type), ...properties }, { title: type, description })

const streamFields = {
  epoch: Type.String(),
  seq: Type.Integer(),
  prev_seq: Type.Integer({ description: 'The `seq` of the stream frame before this one on the same socket.' }),
  ...countFields,
  counts_seq: Type.Integer({ description: 'What the counts belong to; never older than `seq`.' }),
}

const MarkScope = Type.Union([
  Type.Object({ all_up_to_seq: Type.Integer() }),
  Type.Object({ group_ids: Type.Array(GroupId), up_to_seq: Type.Integer() }),
])

export const clientFrames = {
  auth: Type.Object(
    {
      type: Type.Literal('auth'),
      token: Type.Optional(
        Type.String({ description: 'Of a user, or an API key. Not needed when the Authorization header has one.' }),
      ),
      device_id: Type.Optional(DeviceId),
      resume: Type.Optional(Type.Object({ epoch: Type.String(), seq: Seq })),
      user_id: Type.Optional(Type.Unsafe<string>({ ...UserId, description: 'Whom an API key acts for.' })),
    },
    { title: 'auth', description: 'The first frame, within 10 seconds, unless the Authorization header said it all.' },
  ),
  ack: Type.Object(
    { type: Type.Literal('ack'), seq: Seq },
    { title: 'ack', description: 'This device has everything up to `seq`, and goes on from there next time.' },
  ),
  ping: Type.Object({ type: Type.Literal('ping') }, { title: 'ping', description: 'Answered with `pong`.' }),
}

export const serverFrames = {
  hello: frame('hello', 'The chain starts at `from_seq`; catching up ends with the frame whose `seq` is `seq`.', {
    session_id: Type.String(),
    user_id: UserId,
    epoch: Type.String(),
    from_seq: Type.Integer(),
    seq: Type.Integer(),
    ...countFields,
    ping_interval_ms: Type.Integer({ examples: [pingIntervalMs] }),
    timeout_ms: Type.Integer({ examples: [silenceTimeoutMs] }),
  }),
  activity_group_created: frame('activity_group_created', 'A group that this socket had not been told of.', {
    ...streamFields,
    group: ActivityGroup,
  }),
  activity_group_updated: frame('activity_group_updated', 'The newest state of a group; it replaces the one before.', {
    ...streamFields,
    group: ActivityGroup,
  }),
  activity_group_removed: frame('activity_group_removed', 'The group is no longer listed.', {
    ...streamFields,
    group_id: GroupId,
  }),
  read_state: frame('read_state', 'Something was marked, here or on another device.', {
    ...streamFields,
    read: Nullable(MarkScope),
    seen: Nullable(MarkScope),
  }),
  reset: frame(
    'reset',
    'Not everything since your position is known: read the list anew. The chain goes on from `seq`.',
    {
      reason: Type.Union([
        Type.Literal('epoch_changed'),
        Type.Literal('position_unknown'),
        Type.Literal('too_far_behind'),
        Type.Literal('slow_consumer'),
      ]),
      epoch: Type.String(),
      seq: Type.Integer(),
    },
  ),
  error: frame('error', 'A frame of yours was not taken; after ten of them the socket is closed.', {
    code: Type.String({ description: `One of ${Object.keys(frameErrors).join(', ')}.` }),
    detail: Type.String(),
  }),
  pong: frame('pong', 'The answer to `ping`.', {}),
  server_closing: frame('server_closing', 'The server goes down; reconnect after about this long, with jitter.', {
    retry_after_ms: Type.Integer(),
  }),
}

/** What an event stream has besides: it has no close codes. */
export const streamFrames = {
  close: frame('close', 'The last event: why the server ends the stream, in the words and numbers of a socket.', {
    code: Type.Integer(),
    reason: Type.String(),
  }),
}

/** The AsyncAPI 3.0 document of the socket, and of the same frames as an event stream. */
export function asyncApiDocument(version: string): Record<string, unknown> {
  const components = componentsOf()
  const messages: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries({ ...clientFrames, ...serverFrames, ...streamFrames })) {
    messages[name] = {
      name,
      summary: (schema as { readonly description?: string }).description,
      contentType: 'application/json',
      payload: components.refer(schema),
    }
  }
  const own = Object.keys(clientFrames)
  const onSocket = Object.keys(serverFrames)
  const onStream = [...onSocket.filter((name) => name !== 'pong'), ...Object.keys(streamFrames)]
  const channelOf = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]))
  const onChannel = (channel: string, names: readonly string[]) =>
    names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }))
  return {
    asyncapi: '3.0.0',
    info: { title: 'Headwater', version, description: description() },
    channels: {
      activities: {
        address: '/ws/v1/activities',
        description: 'Text frames, JSON. Unknown types must be ignored by clients.',
        messages: channelOf([...own, ...onSocket]),
      },
      stream: {
        address: '/v1/activities/stream',
        description: 'Server-sent events: `event` is the type, `id` is epoch:seq, `data` the frame.',
        messages: channelOf(onStream),
      },
    },
    operations: {
      receive: {
        action: 'receive',
        channel: { $ref: '#/channels/activities' },
        summary: `What clients send: at most ${limits.socketFrameBytes / 1024} KiB a frame.`,
        messages: onChannel('activities', own),
      },
      send: {
        action: 'send',
        channel: { $ref: '#/channels/activities' },
        summary: 'What the server sends.',
        messages: onChannel('activities', onSocket),
      },
      stream: {
        action: 'send',
        channel: { $ref: '#/channels/stream' },
        summary: 'What the server sends on an event stream.',
        messages: onChannel('stream', onStream),
      },
    },
    components: { messages, schemas: components.schemas },
  }
}

function description(): string {
  const codes = Object.entries(closeCodes).map(([reason, code]) => `${code} ${reason}`)
  return (
    'The frames of the activity stream, on a socket and as server-sent events. ' +
    `Close codes: ${codes.join(', ')}. 4000–4499: reconnect with full jitter; 4500–4999: not with the same token.`
  )
}
