/** Codes of the protocol that the engine tells apart. */
export const kafkaErrors = {
  /** Of no broker: the connection broke, or nothing was answered in time. */
  network: -2,
  offsetOutOfRange: 1,
  unknownTopic: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  requestTimedOut: 7,
  messageTooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  unknownMember: 25,
  topicAuthorization: 29,
  groupAuthorization: 30,
  clusterAuthorization: 31,
  invalidTimestamp: 32,
  topicExists: 36,
  policyViolation: 44,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  unknownProducer: 59,
  fetchSessionNotFound: 70,
  invalidFetchSessionEpoch: 71,
  invalidRecord: 87,
  unknownTopicId: 100,
  fetchSessionTopicId: 106,
  fencedMemberEpoch: 110,
  unreleasedInstance: 111,
  unsupportedAssignor: 112,
  staleMemberEpoch: 113,
} as const

/** What a broker answered, or that it did not. */
export class KafkaFailure extends Error {
  readonly code: number

  constructor(code: number, what: string, options?: ErrorOptions) {
    super(code === kafkaErrors.network ? `${what} got no answer` : `${what}: Kafka error ${code}`, options)
    this.name = 'KafkaFailure'
    this.code = code
  }
}

export const isFailure = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof KafkaFailure && codes.includes(error.code)

/** The protocol's code within a driver's error. */
export function codeOf(error: unknown): number {
  const { apiCode, errors } = (error ?? {}) as { apiCode?: unknown; errors?: readonly unknown[] }
  if (typeof apiCode === 'number') return apiCode
  for (const inner of errors ?? []) {
    const code = codeOf(inner)
    if (code !== kafkaErrors.network) return code
  }
  return kafkaErrors.network
}
