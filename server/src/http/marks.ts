import { limits, type MarkResult } from '@headwater/protocol'
import { type Static, Type } from 'typebox'
import type { ActivityReader, MarkRequest, ReadState } from '../activity/activity-api.ts'
import type { App } from './app.ts'
import { requireUser } from './principal.ts'
import { invalidField } from './problem.ts'
import { Exactly, positionFields } from './schemas.ts'

const MarkedId = Type.String({ minLength: 1, maxLength: 256, description: 'Of a group, or of an event in it.' })

const groupIds = Type.Array(MarkedId, { minItems: 1, maxItems: limits.idsPerMark })
const all = Type.Literal(true)
const upToSeq = Type.Optional(
  Type.Integer({
    minimum: 0,
    description:
      'Nothing newer is marked; above the `seq` of the stream it counts as that. Left out: what a page would have shown at this moment.',
  }),
)

const MarkInput = Exactly(
  { group_ids: Type.Optional(groupIds), all: Type.Optional(all), up_to_seq: upToSeq },
  {
    'x-shown': Type.Union([
      Exactly({ group_ids: groupIds }, { title: 'MarkGroups' }),
      Exactly({ all, up_to_seq: upToSeq }, { title: 'MarkAll' }),
    ]),
  },
)

const MarkAnswer = Type.Object({
  updated_unread_count: Type.Integer(),
  unseen_count: Type.Integer(),
  ...positionFields,
  not_found: Type.Array(Type.String(), { description: 'Ids that are no group of this user.' }),
})

const summaries = { read: 'Mark groups read', seen: 'Mark groups seen' }

export function addMarkRoutes(
  app: App,
  {
    readState,
    reader,
  }: { readonly readState: Pick<ReadState, 'mark'>; readonly reader: Pick<ActivityReader, 'epoch'> },
): void {
  for (const mark of ['read', 'seen'] as const) {
    app.post(
      `/v1/activities/${mark}`,
      {
        config: { access: 'any' },
        schema: {
          summary: summaries[mark],
          description: 'Read marks seen as well; seen never marks read.',
          tags: ['Activities'],
          body: MarkInput,
          response: { 200: MarkAnswer as object },
          problems: ['user_required', 'not_found', 'ingest_unavailable', 'store_unavailable'],
        },
      },
      async (request): Promise<MarkResult & { readonly epoch: string }> => {
        const user = requireUser(request)
        const result = await readState.mark(user, mark, scopeOf(request.body))
        return { ...result, epoch: reader.epoch }
      },
    )
  }
}

function scopeOf({ group_ids, all, up_to_seq }: Static<typeof MarkInput>): MarkRequest {
  if (all === undefined && group_ids === undefined) {
    throw invalidField('group_ids', 'required', 'Either "group_ids" or "all" is required.')
  }
  if (all !== undefined && group_ids !== undefined) {
    throw invalidField('all', 'invalid_value', 'Only one of "group_ids" and "all" may be given.')
  }
  if (group_ids === undefined) return { all: true, upToSeq: up_to_seq ?? null }
  if (up_to_seq !== undefined) throw invalidField('up_to_seq', 'invalid_value', '"up_to_seq" goes with "all" alone.')
  return { groupIds: group_ids }
}
