import { isDeepStrictEqual } from 'node:util'
import type { Difference, VerifyReport } from '../activity/verify.ts'
import type { Command } from './command.ts'
import { dataConfigurationOf } from './configuration.ts'
import { createProgress } from './progress.ts'

export const verify: Command = {
  name: 'verify',
  summary: 'Recounts every group and badge and prints what differs; exit code 1 when something does.',
  arguments: '',
  description:
    'Opens the data directory, so the server must be stopped. Changes nothing. Groups are counted from their members, and\nfrom the log as far as it reaches back; badges from groups and marks.',
  options: { json: { doc: 'Print the report as JSON.' } },
  async run(call) {
    const { config, log } = await dataConfigurationOf(call)
    const progress = createProgress(call.io)
    const { openData } = await import('../server.ts')
    await using data = await openData(config, { log })
    const report = await data.verify((done, total, what) => progress.show(done, total, `${done} ${what}`))
    progress.end()
    call.io.out(call.options.json ? JSON.stringify(report, null, 2) : verifyText(report))
    return report.differences.length === 0 ? 0 : 1
  },
}

const shownMax = 50

export function verifyText({ users, groups, members, replayed, differences }: VerifyReport): string {
  const checked = [
    `Recounted ${count(users, 'user')}: ${count(groups, 'group')} with ${count(members, 'actor')};`,
    `${count(replayed, 'group')} of them from the log as well.`,
  ].join(' ')
  if (differences.length === 0) return `${checked}\nEverything agrees.`
  const more = differences.length - shownMax
  return [
    checked,
    `${count(differences.length, 'difference')}:`,
    ...differences.slice(0, shownMax).map(differenceText),
    ...(more > 0 ? [`  … and ${more} more; --json prints all of them`] : []),
  ].join('\n')
}

const differenceText = ({ user, groupId, what, expected, found }: Difference): string =>
  `  ${user}  ${groupId ?? 'badge'}  ${what}: ${unequal(expected, found)}`

/** Of two records the fields that differ, of anything else both values; what is long is cut short. */
function unequal(expected: unknown, found: unknown): string {
  if (!isRecord(expected) || !isRecord(found)) return `expected ${valueText(expected)}, found ${valueText(found)}`
  const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])]
  const unlike = names.filter((name) => !isDeepStrictEqual(expected[name], found[name]))
  return unlike
    .map((name) => `${name} expected ${valueText(expected[name])}, found ${valueText(found[name])}`)
    .join('; ')
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const valueMax = 120

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= valueMax ? text : `${text.slice(0, valueMax)}…`
}

export const count = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`
