import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Eta } from 'eta'

/** What a mail says, before it is laid out: both its forms, plain and HTML, show the same. */
export type LetterPage = {
  language: 'id' | 'en'
  office: string
  heading: string
  lead: string
  sections: readonly Section[]
  foot: readonly string[]
}

export type Section = {
  title: string
  /** `grave` stands out. */
  tone: 'plain' | 'grave'
  lines: readonly Line[]
}

export type Line = { figure: string | null; text: string; more: readonly string[]; link: string | null }

const OWN = join(import.meta.dirname, '../../templates/mail')

/** Lays a page out by `letter.html.eta` and `letter.text.eta`: the office's own where it has any. */
export function layOut(page: LetterPage, templatesDir: string): { html: string; text: string } {
  const folder = join(templatesDir, 'mail')
  const views = existsSync(folder) ? folder : OWN
  const html = new Eta({ views, autoEscape: true }).render('./letter.html.eta', page)
  const text = new Eta({ views, autoEscape: false }).render('./letter.text.eta', page)
  return { html, text: `${text.replace(/\n{3,}/g, '\n\n').trim()}\n` }
}

/** A line of a section. */
export function line(text: string, given: Partial<Omit<Line, 'text'>> = {}): Line {
  return { figure: null, more: [], link: null, ...given, text }
}
