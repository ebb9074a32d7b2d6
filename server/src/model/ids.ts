import type { Flavor } from '../lib/flavor.ts'

export type UserId = Flavor<string, 'UserId'>
export type GroupId = Flavor<string, 'GroupId'>
export type EventId = Flavor<string, 'EventId'>
export type DeviceId = Flavor<string, 'DeviceId'>
/** Position in one user's stream: epoch and offset of the log in one rising number. 0 = before everything. */
export type Seq = Flavor<number, 'Seq'>
export type Partition = Flavor<number, 'Partition'>
/** Position in a log partition, from 0 on. */
export type Offset = Flavor<number, 'Offset'>
