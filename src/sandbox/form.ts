import { refuse } from './refusals.ts'

/** The parameters of one API request, form or query, each possibly given more than once. */
export class Form {
  readonly #fields: URLSearchParams

  constructor(fields: URLSearchParams) {
    this.#fields = fields
  }

  /** Refuses any parameter outside `known` (stricter than the real carrier), and those it knows but does not simulate. */
  allow({ known, notSimulated = [] }: { known: readonly string[]; notSimulated?: readonly string[] }): void {
    for (const name of this.#fields.keys()) {
      if (notSimulated.includes(name)) refuse(20001, `Parameter ${name} is not simulated by this sandbox`)
      if (!known.includes(name)) refuse(20001, `Unknown parameter ${name}`)
    }
  }

  /** The value, or undefined where it is missing or empty. */
  text(name: string): string | undefined {
    return this.#fields.get(name) || undefined
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  all(name: string): string[] {
    return this.#fields.getAll(name).filter((value) => value !== '')
  }

  choice<const T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    return values.find((value) => value === text) ?? refuse(20001, `${name} must be one of ${values.join(', ')}`)
  }

  whole(name: string, { from, to, code = 20001 }: { from: number; to: number; code?: number }): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (!Number.isInteger(value) || value < from || value > to) refuse(code, `${name} must be from ${from} to ${to}`)
    return value
  }

  url(name: string, code: number): string | undefined {
    const text = this.text(name)
    if (text !== undefined && !isCallableUrl(text)) refuse(code, `${name} is not a valid URL: ${text}`)
    return text
  }
}

/** Absolute http(s), at most 4000 characters, no underscore in the host name (Twilio error 21609). */
export function isCallableUrl(text: string): boolean {
  if (text.length > 4000 || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '' && !hostname.includes('_')
}
