type Method = (...given: unknown[]) => unknown

/** The same port, each of its methods as `wrap` makes it of the port's own. Made once: a proxy is asked with every call. */
export function wrapMethods(port: object, wrap: (run: Method, name: PropertyKey) => Method): object {
  const wrapped = new Map<PropertyKey, unknown>()
  return new Proxy(port, {
    get(target, name) {
      const known = wrapped.get(name)
      if (known) return known
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const method = wrap(value.bind(target) as Method, name)
      wrapped.set(name, method)
      return method
    },
  })
}
