export type * from '@headwater/protocol'
export { type ActivitiesOptions, type ActivitiesState, ActivitiesStore, type ActorsPage } from './activities.ts'
export {
  type ClientOptions,
  createClient,
  type HeadwaterClient,
  type OnlineUser,
  type TokenInput,
  type UserInput,
} from './client.ts'
export { type ErrorCode, HeadwaterError } from './error.ts'
export type { Method, QueryValue, RequestOptions } from './http.ts'
export type { ClientSeams, Clock, Page, PageEvent, Random, Scheduler } from './seams.ts'
export type { WebSocketConstructor, WebSocketLike } from './socket.ts'
export type { Connection } from './stream.ts'
export type { TokenOption } from './token.ts'
