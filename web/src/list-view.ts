import type { ActivitiesState } from '@headwater/client'
import { messageOf } from './message-of.ts'

export type ListView = 'skeleton' | 'failed' | 'empty' | 'list'

/**
 * A list of which everything that was loaded has been removed is not empty while there are older groups. One that failed
 * says so until it is there: whoever tries again keeps the button that was pressed.
 */
export function listViewOf(
  { groups, status, hasMore }: Pick<ActivitiesState, 'groups' | 'status' | 'hasMore'>,
  isRetrying = false,
): ListView {
  if (groups.length > 0) return 'list'
  if (status === 'error' || (status === 'loading' && isRetrying)) return 'failed'
  if (status !== 'ready') return 'skeleton'
  return hasMore ? 'list' : 'empty'
}

/** What is said below the groups; nothing while all is well. */
export function noteBelow(
  { status, connection, error }: Pick<ActivitiesState, 'status' | 'connection' | 'error'>,
  isLoadingOlder: boolean,
): string {
  if (isLoadingOlder || status === 'loading') return 'Loading …'
  // The notice over the frame's lower edge has the words for it then.
  if (error === null || connection === 'offline') return ''
  return messageOf(error)
}
