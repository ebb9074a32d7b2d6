import { settingsWith } from '../../src/config/load.ts'
import type { Config } from '../../src/config/secrets.ts'

export const simulatedUrl = 'http://headwater.test'
export const apiKey = 'the-key-of-the-simulated-customer'

/** Small where smallness brings trouble: windows that end, queues that overflow, retries that give up. */
export const simulatedConfig: Config = {
  ...settingsWith({
    'http.port': 0,
    'http.rateLimits': 'off',
    'log.partitions': 3,
    'activity.flushMs': 250,
    'activity.windowMs': 20_000,
    'activity.openWindowsMax': 40,
    'activity.retryBudgetMs': 4_000,
    'gateway.outboundFrames': 24,
    'gateway.outboundBytes': 16_384,
    'gateway.drainMs': 500,
  }),
  access: { apiKeys: [apiKey], tokenSecrets: ['a secret that only the simulation has'] },
  isDevelopment: false,
}
