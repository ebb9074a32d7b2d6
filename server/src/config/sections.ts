import type { EventType } from '@headwater/protocol'
import { rulesOfType } from './rules.ts'
import type { GatewaySettings, HttpSettings, Settings } from './schema.ts'

/** What single parts of the server take, made from the sections of the configuration. */

const dayMs = 86_400_000

export function activitySettings({ activity }: Settings) {
  const { flushMs, openWindowsMax, retryBudgetMs, retentionDays } = activity
  return {
    rulesOf: (type: EventType) => rulesOfType(activity, type),
    flushMs,
    openWindowsMax,
    retryBudgetMs,
    retentionMs: retentionDays * dayMs,
  }
}

/** Pages that may call the API may open sockets too. */
export const gatewaySettings = ({
  gateway,
  http,
}: Settings): GatewaySettings & { allowedOrigins: readonly string[] } => ({
  ...gateway,
  allowedOrigins: [...http.allowedOrigins, ...http.corsOrigins],
})

export const httpSettings = ({ http }: Settings): HttpSettings => http
