import type { Command } from './command.ts'
import { request, targetOf, targetOptions } from './target.ts'

export const trace: Command = {
  name: 'trace',
  summary: 'Tells what happened to one event in the last 24 hours.',
  arguments: 'EVENT_ID',
  description:
    'Asks a running server: accepted, written to a group, handed to open sockets, queued for devices, or ignored and why.',
  options: { json: { doc: 'Print the answer as JSON.' }, ...targetOptions },
  async run(call) {
    const id = encodeURIComponent(call.arguments[0] as string)
    const found = await request<Record<string, unknown>>(targetOf(call), 'GET', `/v1/events/${id}`)
    call.io.out(call.options.json ? JSON.stringify(found, null, 2) : traceText(found))
    return 0
  },
}

/** Names and values below each other; what is nested is indented, times are shown as such. */
export function traceText(record: Readonly<Record<string, unknown>>, indent = ''): string {
  const width = Math.max(0, ...Object.keys(record).map((name) => name.length))
  return Object.entries(record)
    .map(([name, value]) => `${indent}${name.padEnd(width)}  ${show(name, value, `${indent}  `)}`)
    .join('\n')
}

function show(name: string, value: unknown, indent: string): string {
  if (value === null) return '-'
  if (typeof value === 'number' && name.endsWith('_at')) return new Date(value).toISOString()
  if (Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null)) {
    return value.map((item) => `\n${traceText(item, indent)}`).join('\n') || '-'
  }
  if (typeof value === 'object' && Object.keys(value).length > 0)
    return `\n${traceText(value as Record<string, unknown>, indent)}`
  return typeof value === 'string' ? value : JSON.stringify(value)
}
