// Rules about files rather than about what they do: sizes, names, and nothing left half done.

const lineLimit = 400

/** Files that are one idea and longer, each with its reason. */
export const longFiles: ReadonlyMap<string, string> = new Map()

/** What is wrong with a path alone. */
export function pathFaults(path: string): string[] {
  const faults: string[] = []
  const parts = path.split('/').map((part) => part.split('.')[0]!)
  const vague = parts.find((part) => /^(utils?|helpers?|common|misc)$/i.test(part))
  if (vague !== undefined) faults.push(`${path} is called ${vague}, which says nothing of what is inside`)

  // The launcher has to be read by an older Node; what lies in public/ is served as it is.
  const isPlain = path.startsWith('server/bin/') || /^\w+\/public\//.test(path)
  if (/\.[cm]?jsx?$|\.[cm]ts$/.test(path) && !isPlain) faults.push(`${path} is not .ts`)
  if (/\.tsx$/.test(path) && !/^(web|react)\//.test(path)) faults.push(`${path} is not .ts`)
  return faults
}

export function isTooLong(text: string): boolean {
  return text.trimEnd().split('\n').length > lineLimit
}

// In pieces, because the files of the rules are read by the rules.
const unfinished = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`)
const left = new RegExp(
  ['\\b(test|it|describe|suite|t)\\.(skip|to' + 'do|only)\\b', '[{,]\\s*(skip|to' + 'do|only):'].join('|'),
)

/** What a file's text says that no finished file says: marks of unfinished work, tests left out or singled out. */
export function textFaults(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, at) => {
    const faults: string[] = []
    const mark = unfinished.exec(line)
    if (mark !== null) faults.push(`${path}:${at + 1} ${mark[0]}`)
    if (/\.test\.tsx?$/.test(path) && left.test(line)) faults.push(`${path}:${at + 1} ${line.trim()}`)
    return faults
  })
}
