import { isInMemory } from '../../../src/engines/testing/engines-for-tests.ts'

/** How many steps a random run takes; `few` where each one asks real services, unless the long run was asked for. */
export const steps = (many: number, few: number): number =>
  isInMemory() || process.env.HEADWATER_LONG !== undefined ? many : few
