import type { Field } from './field.ts'
import { type Key, keys } from './schema.ts'

/** The page docs/reference/configuration.md, made from the table of keys. */
export function referencePage(): string {
  const sections = new Map<string, Key[]>()
  for (const key of keys) {
    const section = sectionOf(key)
    sections.set(section, [...(sections.get(section) ?? []), key])
  }
  return `${[intro, ...[...sections].map(([name, members]) => sectionText(name, members))].join('\n\n')}\n`
}

const sectionOf = ({ path }: Key): string => {
  if (path.length === 1) return ''
  // The keys of one event type are shown once, for all of them.
  return path.length === 4 ? `${path[0]}.${path[1]}.<TYPE>` : path.slice(0, -1).join('.')
}

const intro = `# Configuration

<!-- Generated from server/src/config/schema.ts by \`npm run docs\`. -->

Every key has a default. Sources, each stronger than the one before:

1. the defaults below,
2. a JSON file: \`headwater.json\` in the working directory, or the one that \`--config\` or \`HEADWATER_CONFIG\` names,
3. the environment: key \`section.someKey\` is \`HEADWATER_SECTION__SOME_KEY\`; an empty variable counts as not set,
4. flags: \`--section.someKey=value\`.

In the file a key is nested: \`{"section": {"someKey": 1}}\`. Lists are JSON arrays there, and separated by commas in the
environment and in flags. A key that does not exist or a value that does not fit stops the start, with all problems at once.
\`headwater config check\` tells them without starting; \`headwater config print\` shows each value and where it came from.`

const notes: Readonly<Record<string, string>> = {
  auth: `Without them a development API key and token secret are made once and kept in \`development-secrets.json\` in the data
directory. They are refused, as are short and example secrets, on an address that others can reach. To change a secret
without breaking clients: set the new one, keep the old one as \`previous…\`, restart; remove the old one when no token
signed with it is alive.`,
  'activity.rules.<TYPE>': `The same rules for one event type, where it differs from the others. \`<TYPE>\` is LIKE, COMMENT, FOLLOW, MENTION, SHARE,
REACTION or CUSTOM: \`activity.rules.LIKE.windowMs\`, \`HEADWATER_ACTIVITY__RULES__LIKE__WINDOW_MS\`. A group keeps the
\`closeAfterMs\` and \`reopenReadGroups\` that it was opened under.`,
}

function sectionText(name: string, members: readonly Key[]): string {
  const isPerType = name.endsWith('<TYPE>')
  const shown = isPerType ? members.filter(({ path }) => path[2] === members[0]?.path[2]) : members
  const title = name === '' ? '## Top level' : `## \`${name}\``
  const rows = shown.map((key) => row(key, isPerType ? `${name}.${key.path[3]}` : key.name))
  return [
    title,
    ...(notes[name] ? ['', notes[name]] : []),
    '',
    '| Key | Default | Expects | Meaning |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function row({ field, path }: Key, name: string): string {
  const short = [field.variable, field.flag && `--${field.flag}`].filter(Boolean).map((text) => `\`${text}\``)
  const doc = short.length > 0 ? `${field.doc} Also ${short.join(', ')}.` : field.doc
  return `| \`${name}\` | ${defaultText(field, path)} | ${field.expects} | ${doc} |`
}

function defaultText({ default: value }: Field<unknown>, path: readonly string[]): string {
  if (value === undefined && path.length === 4) return 'as for all'
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return 'none'
  return `\`${value}\``
}
