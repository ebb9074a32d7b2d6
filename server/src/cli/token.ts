import { type IssuedToken, limits } from '@headwater/protocol'
import { type Command, textOption, wholeNumber } from './command.ts'
import { request, targetOf, targetOptions } from './target.ts'

export const token: Command = {
  name: 'token',
  summary: 'Makes a token for a user and prints it.',
  arguments: 'USER',
  description:
    'Asks a running server. Standard output has the token alone, to be used as in: TOKEN=$(headwater token alice)',
  options: {
    ttl: {
      value: 'SECONDS',
      doc: `How long it is valid, 1 to ${limits.tokenTtlS}; ${limits.tokenTtlDefaultS} when left out.`,
    },
    device: { value: 'ID', doc: 'The device that it is for.' },
    ...targetOptions,
  },
  async run(call) {
    const ttlS = wholeNumber(call, 'ttl', limits.tokenTtlDefaultS, { min: 1, max: limits.tokenTtlS })
    const device = textOption(call, 'device')
    const issued = await request<IssuedToken>(targetOf(call), 'POST', '/v1/tokens', {
      body: { user_id: call.arguments[0], ttl_s: ttlS, ...(device === undefined ? {} : { device_id: device }) },
    })
    call.io.out(issued.token)
    if (call.io.isTerminal)
      call.io.err(`valid until ${new Date(issued.expires_at).toISOString()}, id ${issued.token_id}`)
    return 0
  },
}
