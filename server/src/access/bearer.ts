const pattern = /^Bearer +([!-~]+)$/i

/** The credential that an `Authorization` header carries. */
export const bearerOf = (header: string): string | undefined => pattern.exec(header)?.[1]
