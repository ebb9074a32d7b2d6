/** What is shown in the place of a secret, and is none itself. */
export const masked = '[masked]'

/** What one configuration key may hold, and how its text in the environment or on the command line becomes a value. */
export interface Field<Value> {
  readonly default: Value
  /** One sentence. The unit is in the key's name. */
  readonly doc: string
  /** What is expected, for messages and the reference page. */
  readonly expects: string
  /** Masked wherever the configuration is shown. */
  readonly secret: boolean
  /** Short names beside the long ones that every key has. */
  readonly variable: string | undefined
  readonly flag: string | undefined
  /** The value, or `undefined` when it is none of this field's. `parse` is given text, `accept` what JSON held. */
  parse(text: string): Value | undefined
  accept(value: unknown): Value | undefined
}

export interface FieldOptions {
  readonly variable?: string
  readonly flag?: string
}

type Core<Value> = Pick<Field<Value>, 'default' | 'doc' | 'expects' | 'parse' | 'accept'> & {
  readonly secret?: boolean
}

const field = <Value>(core: Core<Value>, { variable, flag }: FieldOptions = {}): Field<Value> => ({
  secret: false,
  ...core,
  variable,
  flag,
})

const acceptText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export const text = (fallback: string, doc: string, options?: FieldOptions): Field<string> =>
  field({ default: fallback, doc, expects: 'a text', parse: (value) => value, accept: acceptText }, options)

/** Empty = not given. */
export const secret = (doc: string, options?: FieldOptions): Field<string> =>
  field({ default: '', doc, expects: 'a text', secret: true, parse: (value) => value, accept: acceptText }, options)

export function integer(
  fallback: number,
  range: { readonly min: number; readonly max: number },
  doc: string,
  options?: FieldOptions,
): Field<number> {
  const accept = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isInteger(value) && value >= range.min && value <= range.max ? value : undefined
  return field(
    {
      default: fallback,
      doc,
      expects: `a whole number from ${range.min} to ${range.max}`,
      parse: (value) => (/^-?\d{1,15}$/.test(value) ? accept(Number(value)) : undefined),
      accept,
    },
    options,
  )
}

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  on: true,
  off: false,
  '1': true,
  '0': false,
}

export const boolean = (fallback: boolean, doc: string, options?: FieldOptions): Field<boolean> =>
  field(
    {
      default: fallback,
      doc,
      expects: 'true or false',
      parse: (value) => booleans[value.toLowerCase()],
      accept: (value) => (typeof value === 'boolean' ? value : undefined),
    },
    options,
  )

export function choice<const Name extends string>(
  names: readonly [Name, ...Name[]],
  doc: string,
  options?: FieldOptions,
): Field<Name> {
  const accept = (value: unknown): Name | undefined => names.find((name) => name === value)
  return field({ default: names[0], doc, expects: `one of ${names.join(', ')}`, parse: accept, accept }, options)
}

/** In the environment and on the command line: separated by commas. */
export const texts = (doc: string, options?: FieldOptions): Field<readonly string[]> =>
  field<readonly string[]>(
    {
      default: [],
      doc,
      expects: 'a list of texts (comma-separated outside JSON)',
      parse: (value) =>
        value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      accept: (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined),
    },
    options,
  )

/** A field that may be left out, with no value of its own. */
export const optional = <Value>(inner: Field<Value>): Field<Value | undefined> => ({ ...inner, default: undefined })
