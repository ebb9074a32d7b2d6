const masked = '[masked]'
const depthMax = 6

/** `token`, `api_key`, `Authorization`; not `token_id` or `tokens`, which name no secret. */
const secretName = /(^|[_.-]|[a-z](?=[A-Z]))(authorization|cookie|token|secret|password|ticket|api[_-]?key)$/i

/** A bearer credential, and a JSON Web Token wherever it stands: what is before it may be the `n` of an escaped line end. */
const bearer = /(Bearer\s+)[^\s"',\\]+/gi
const jsonWebToken = /eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g

/** Masks bearer credentials, tokens and the given secrets in a text. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const known = secrets
    .filter((secret) => secret.length >= 4)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
  return (text) => {
    let result = text.replace(bearer, `$1${masked}`).replace(jsonWebToken, masked)
    for (const secret of known) result = result.replaceAll(secret, masked)
    return result
  }
}

/** A copy with the values of fields that are named like secrets masked, at any depth that is printed. */
export const maskFields = (fields: Record<string, unknown>): Record<string, unknown> =>
  maskValue(fields, depthMax) as Record<string, unknown>

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth === 0) return '[deep]'
  if (Array.isArray(value)) return value.map((item) => maskValue(item, depth - 1))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      secretName.test(name) && item !== undefined && item !== null ? masked : maskValue(item, depth - 1),
    ]),
  )
}
