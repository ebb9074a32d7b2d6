import type { OpenGroup } from '../model/open-group.ts'

/**
 * What was read belongs to a later state of the group than the one in memory: another worker, who has lost the partition
 * and does not know it yet, has written more than this one has folded. To go on would mix the two; the group must be
 * loaded anew, as it is in the store by now.
 */
export class StaleView extends Error {
  override readonly name = 'StaleView'
  readonly group: OpenGroup

  constructor(group: OpenGroup) {
    super('another worker has written a later state of this group')
    this.group = group
  }
}
