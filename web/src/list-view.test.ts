/// <reference types="node" />
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ActivitiesState, type ActivityGroup, HeadwaterError } from '@headwater/client'
import { type ListView, listViewOf, noteBelow } from './list-view.ts'

const groups = [{ group_id: 'g1' } as ActivityGroup]

const views: readonly (readonly [
  what: string,
  state: Parameters<typeof listViewOf>[0],
  view: ListView,
  isRetrying?: boolean,
])[] = [
  ['groups', { groups, status: 'ready', hasMore: false }, 'list'],
  ['groups of a list that cannot be read again', { groups, status: 'error', hasMore: false }, 'list'],
  ['all of it removed, with older ones to load', { groups: [], status: 'ready', hasMore: true }, 'list'],
  ['nothing, and nothing older', { groups: [], status: 'ready', hasMore: false }, 'empty'],
  ['nothing yet', { groups: [], status: 'loading', hasMore: false }, 'skeleton'],
  ['not even asked for', { groups: [], status: 'idle', hasMore: false }, 'skeleton'],
  ['nothing, since it failed', { groups: [], status: 'error', hasMore: false }, 'failed'],
  ['it failed, and is tried again', { groups: [], status: 'loading', hasMore: false }, 'failed', true],
  ['tried again, and there is nothing', { groups: [], status: 'ready', hasMore: false }, 'empty', true],
]
for (const [what, state, view, isRetrying] of views) {
  test(`${what}: ${view}`, () => assert.equal(listViewOf(state, isRetrying), view))
}

const well: Pick<ActivitiesState, 'status' | 'connection' | 'error'> = {
  status: 'ready',
  connection: 'online',
  error: null,
}
const error = new HeadwaterError('store_unavailable', { detail: 'The store is away' })

const notes: readonly (readonly [what: string, state: typeof well, isLoadingOlder: boolean, note: string])[] = [
  ['all is well', well, false, ''],
  ['older ones are on their way', well, true, 'Loading …'],
  ['older ones are asked for once more', { ...well, error }, true, 'Loading …'],
  ['the list is read', { ...well, status: 'loading' }, false, 'Loading …'],
  ['something failed', { ...well, error }, false, 'The store is away'],
  ['something fails while the connection is tried', { ...well, connection: 'connecting', error }, false, error.detail],
  ['the connection was refused, as the notice says', { ...well, connection: 'offline', error }, false, ''],
]
for (const [what, state, isLoadingOlder, note] of notes) {
  test(`below the groups, where ${what}: "${note}"`, () => assert.equal(noteBelow(state, isLoadingOlder), note))
}
