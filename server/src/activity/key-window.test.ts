import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleRow, someTime } from '../conformance/samples.ts'
import type { GroupRow } from '../model/activity-group.ts'
import { OpenGroup } from '../model/open-group.ts'
import { KeyWindow } from './key-window.ts'
import { UserFold } from './user-fold.ts'

const user = 'user-1'
const ofOneMoment = [1, 2, 3, 4, 5, 6].map((seq) => sampleRow(user, seq))
const newestFirst = (a: GroupRow, b: GroupRow) => (a.groupId < b.groupId ? -1 : 1)

test('groups that opened at one moment sort as their ids do, like in a store, and not by who came first', () => {
  assert.equal(ofOneMoment[0]?.createdAt, someTime)
  const [key] = ofOneMoment as [GroupRow]
  const opened = new KeyWindow(key, new UserFold(user, 0), 0)
  for (const row of ofOneMoment) opened.add(OpenGroup.fromRow(row))
  const loaded = new KeyWindow(key, new UserFold(user, 0), 0)
  loaded.load(ofOneMoment.toSorted(newestFirst), [someTime], 7)
  const ids = ofOneMoment
    .toSorted(newestFirst)
    .reverse()
    .map(({ groupId }) => groupId)
  for (const { groups } of [opened, loaded])
    assert.deepEqual(
      groups.map(({ groupId }) => groupId),
      ids,
    )
})
