import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const levelStyles: Readonly<Record<string, Style>> = {
  trace: 'gray',
  debug: 'gray',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
}

/** A log line for people: time, level, message, fields; the stack of an error below. Anything else is passed through. */
export function readableLine(line: string): string {
  let record: Record<string, unknown>
  try {
    record = JSON.parse(line)
  } catch {
    return line
  }
  const { level, time, msg, err, error, ...fields } = record
  const failure = (err ?? error) as { readonly message?: string; readonly stack?: string } | undefined
  const shown = Object.entries(fields).map(([name, value]) => `${paint('gray', `${name}=`)}${show(value)}`)
  const head = [
    paint('gray', String(time).slice(11, 23)),
    paint(levelStyles[String(level)] ?? 'white', String(level).padEnd(5)),
    printable(String(msg ?? failure?.message ?? '')),
    ...shown,
  ].join(' ')
  const stack = failure?.stack ?? failure?.message
  return stack ? `${head}\n${paint('gray', indent(stack))}\n` : `${head}\n`
}

const show = (value: unknown): string =>
  typeof value === 'string' && /^[\w.:@/-]+$/.test(value) ? value : printable(JSON.stringify(value) ?? '')

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${printable(line)}`)
    .join('\n')

/**
 * Line ends, escape sequences and marks that turn the direction of text must not look like lines, colors or words of the
 * log's own.
 */
const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )

const paint = (style: Style, text: string): string => styleText(style, text, { stream: process.stderr })
