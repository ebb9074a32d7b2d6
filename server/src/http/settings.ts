import type { HttpSettings as HttpConfig } from '../config/schema.ts'

/** The keys of section `http` that hold for every request. */
export type HttpSettings = Pick<
  HttpConfig,
  | 'corsOrigins'
  | 'trustedProxies'
  | 'rateLimits'
  | 'userRequestsPerS'
  | 'userRequestBurst'
  | 'userWritesPerS'
  | 'userWriteBurst'
  | 'apiKeyRequestsPerS'
  | 'apiKeyRequestBurst'
  | 'requestTimeoutMs'
  | 'slowRequestMs'
  | 'maxBodyBytesInFlight'
>
