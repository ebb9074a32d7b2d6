import type { ActivityEvent } from '../../server/src/model/event.ts'

interface PlainRegister {
  readonly actor: string
  readonly createdAt: number
  readonly eventId: string
  readonly op: string
  readonly seq: number
  readonly firstSeq: number
}

interface PlainGroup {
  readonly registers: Map<string, PlainRegister>
  count: number
  updatedAt: number
}

/** What one writes by hand: per key a map of the newest event of each actor, and how many of them count. Nothing else. */
export class PlainFold {
  readonly groups = new Map<string, PlainGroup>()

  add(event: ActivityEvent, seq: number): void {
    const key = `${event.targetUser}\u001f${event.eventType}\u001f${event.verb}\u001f${event.objectType}\u001f${event.objectId}`
    let group = this.groups.get(key)
    if (!group) {
      group = { registers: new Map(), count: 0, updatedAt: 0 }
      this.groups.set(key, group)
    }
    const { actor, eventId, op } = event
    const createdAt = event.createdAt ?? 0
    const known = group.registers.get(actor)
    if (known && (createdAt < known.createdAt || (createdAt === known.createdAt && eventId <= known.eventId))) return
    group.registers.set(actor, { actor, createdAt, eventId, op, seq, firstSeq: known?.firstSeq ?? seq })
    if (op === 'ADD') {
      if (known?.op !== 'ADD') group.count++
    } else if (known?.op === 'ADD') group.count--
    group.updatedAt = Math.max(group.updatedAt, createdAt)
  }
}
