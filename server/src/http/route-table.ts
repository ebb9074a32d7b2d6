import type { RouteOptions } from 'fastify'

/** Every route that was registered: for `405`, for the OpenAPI document and for the test that each one is secured. */
export interface RouteTable {
  add(route: RouteOptions): void
  readonly routes: readonly RouteOptions[]
  /** Methods that the path is known under, in the order of registration; empty = no such path. */
  methodsOf(path: string): readonly string[]
  /**
   * True when the path is written out by a route of other methods: `GET /v1/activities/read` is not the group "read" but
   * the wrong method.
   */
  isOtherMethodOf(path: string, method: string): boolean
}

export function createRouteTable(): RouteTable {
  const routes: RouteOptions[] = []
  const methodsByPath = new Map<string, string[]>()
  const patterns: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = []
  return {
    routes,
    add(route) {
      routes.push(route)
      const methods = [route.method].flat()
      patterns.push({ segments: route.url.split('/'), methods })
      methodsByPath.set(route.url, [...(methodsByPath.get(route.url) ?? []), ...methods])
    },
    isOtherMethodOf: (path, method) => methodsByPath.get(path)?.includes(method) === false,
    methodsOf(path) {
      const written = methodsByPath.get(path)
      if (written) return written
      const segments = path.split('/')
      const found = patterns.filter((pattern) => matches(pattern.segments, segments))
      return [...new Set(found.flatMap((pattern) => pattern.methods))]
    },
  }
}

const matches = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length &&
  pattern.every((segment, i) => (segment.startsWith(':') ? path[i] !== '' : segment === path[i]))
