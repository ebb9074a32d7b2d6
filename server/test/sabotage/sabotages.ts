import type { Sabotage } from './sabotage.ts'
import { foldSabotages } from './sabotages-of-the-fold.ts'
import { wireSabotages } from './sabotages-of-the-wire.ts'

export const sabotages: readonly Sabotage[] = [...foldSabotages, ...wireSabotages]
