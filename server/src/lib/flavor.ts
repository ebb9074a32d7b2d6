/** A string or number that may not be mixed up with one of another flavor; plain ones are taken without a cast. */
export type Flavor<Base, Name extends string> = Base & { readonly __flavor?: Name }
