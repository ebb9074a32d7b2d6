import type { Settings } from './schema.ts'

/** What a process of a cluster does: answer requests, hold sockets, fold the log. */
export type Role = 'api' | 'gateway' | 'worker'

export const allRoles: readonly Role[] = ['api', 'gateway', 'worker']

export const isRole = (name: string): name is Role => allRoles.some((role) => role === name)

export function rolesOf({ roles }: Pick<Settings, 'roles'>): ReadonlySet<Role> {
  return new Set(roles.length === 0 || roles.includes('all') ? allRoles : roles.filter(isRole))
}
