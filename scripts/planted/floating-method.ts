import type { Store } from './store.ts'

export function save(store: Store) {
  store.put('1')
}
