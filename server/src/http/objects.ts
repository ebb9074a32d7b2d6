import { objectTypes } from '@headwater/protocol'
import { Type } from 'typebox'
import type { Deletion } from '../activity/activity-api.ts'
import type { App } from './app.ts'
import { Exactly, ObjectId, OneOf } from './schemas.ts'

export function addObjectRoutes(app: App, { deletion }: { readonly deletion: Pick<Deletion, 'deleteObject'> }): void {
  app.delete(
    '/v1/objects/:object_type/:object_id',
    {
      config: { access: 'server' },
      schema: {
        summary: 'Delete an object',
        description: 'All groups about it vanish for everyone, and badges follow.',
        tags: ['Events'],
        params: Exactly({ object_type: OneOf(objectTypes), object_id: ObjectId }),
        response: { 202: Type.Object({ accepted: Type.Boolean() }) as object },
        problems: ['forbidden', 'ingest_unavailable', 'store_unavailable'],
      },
    },
    async (request, reply) => {
      await deletion.deleteObject(request.params.object_type, request.params.object_id)
      return reply.code(202).send({ accepted: true })
    },
  )
}
