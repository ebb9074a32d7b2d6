// A server of a cluster in a process of its own. Arguments: the file of services, then `key=value` settings.
import { loadSettings } from '../../server/src/config/load.ts'
import { createLog } from '../../server/src/lib/log.ts'
import { start } from '../../server/src/server.ts'
import { serve } from './child.ts'
import { apiKey, tokenSecret } from './headwater.ts'

const [file = '', ...settings] = process.argv.slice(2)
const { settings: loaded } = loadSettings({
  environment: { HEADWATER_SERVICES: file },
  flags: [
    ['engine', 'cluster'],
    ['http.port', '0'],
    ['http.rateLimits', 'off'],
    ['log.level', 'fatal'],
    ...settings.map((setting): [string, string] => {
      const at = setting.indexOf('=')
      return [setting.slice(0, at), setting.slice(at + 1)]
    }),
  ],
})
const config = { ...loaded, access: { apiKeys: [apiKey], tokenSecrets: [tokenSecret] }, isDevelopment: false }
const server = await start(config, { log: createLog({ level: 'fatal', readable: true }) })

serve(
  { url: server.url },
  {
    collectGarbage: () => globalThis.gc?.(),
    stop: async () => {
      await server.close()
    },
  },
)
