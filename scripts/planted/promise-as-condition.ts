export async function isAllowed(may: () => Promise<boolean>) {
  return may() ? 'yes' : 'no'
}
