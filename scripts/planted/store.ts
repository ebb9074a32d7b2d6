export interface Store {
  put(id: string): Promise<void>
}
