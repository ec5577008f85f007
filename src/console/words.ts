import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { formatter, type Values } from '../compose/icu.ts'
import { LANGUAGES, type Language } from './officer.ts'

export type Translate = ((key: string, values?: Values) => string) & { has(key: string): boolean }
export type Words = Readonly<Record<Language, Translate>>

const FOLDER = join(import.meta.dirname, 'words')

/** The console's words: all `*.id.yaml` of the folder together are Indonesian, all `*.en.yaml` English. */
export function loadWords(folder: string = FOLDER): Words {
  const translate = (language: Language): Translate => {
    const messages = readMessages(folder, language)
    const format = formatter(language)
    const words = (key: string, values?: Values) => {
      const message = messages.get(key)
      if (message === undefined) throw new Error(`the console has no words "${key}" in ${language}`)
      return values ? format(message, values) : format(message)
    }
    return Object.assign(words, { has: (key: string) => messages.has(key) })
  }
  return Object.fromEntries(LANGUAGES.map((language) => [language, translate(language)])) as Record<Language, Translate>
}

/** Key path to message. A key may stand in one file only. */
export function readMessages(folder: string, language: Language): Map<string, string> {
  const messages = new Map<string, string>()
  const files = readdirSync(folder).filter((file) => file === `${language}.yaml` || file.endsWith(`.${language}.yaml`))
  for (const file of files.sort()) {
    for (const [key, message] of flatten(parse(readFileSync(join(folder, file), 'utf8')) ?? {})) {
      if (messages.has(key)) throw new Error(`${file}: "${key}" stands in another file already`)
      messages.set(key, message)
    }
  }
  return messages
}

function flatten(node: object, path = ''): [string, string][] {
  return Object.entries(node).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'object' && value !== null
      ? flatten(value, `${path}${name}.`)
      : [[`${path}${name}`, String(value)]],
  )
}

export { FOLDER as WORDS_FOLDER }
