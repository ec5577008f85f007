import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { formatter, type Values } from '../compose/icu.ts'
import { keptReading } from '../lib/kept-reading.ts'
import { LANGUAGES, type Language } from './officer.ts'

export type Translate = ((key: string, values?: Values) => string) & { has(key: string): boolean }
export type Words = Readonly<Record<Language, Translate>>

const FOLDER = join(import.meta.dirname, 'words')

/** The console's words: all `*.id.yaml` of the folder together are Indonesian, all `*.en.yaml` English. */
export async function loadWords(folder: string = FOLDER): Promise<Words> {
  const words: Partial<Record<Language, Translate>> = {}
  for (const language of LANGUAGES) words[language] = translator(language, await readMessages(folder, language))
  return words as Words
}

/** Key path to message. A key may stand in one file only. */
export async function readMessages(folder: string, language: Language): Promise<Map<string, string>> {
  const names = readdirSync(folder).filter((name) => name === `${language}.yaml` || name.endsWith(`.${language}.yaml`))
  const files = names.sort().map((name) => join(folder, name))
  return keptReading({ name: `console-${language}`, files, rules: [import.meta.filename], read: () => readAll(files) })
}

async function readAll(files: readonly string[]): Promise<Map<string, string>> {
  const { parse } = await import('yaml')
  const messages = new Map<string, string>()
  for (const file of files) {
    for (const [key, message] of flatten(parse(readFileSync(file, 'utf8')) ?? {})) {
      if (messages.has(key)) throw new Error(`${basename(file)}: "${key}" stands in another file already`)
      messages.set(key, message)
    }
  }
  return messages
}

function translator(language: Language, messages: ReadonlyMap<string, string>): Translate {
  const format = formatter(language)
  const words = (key: string, values?: Values) => {
    const message = messages.get(key)
    if (message === undefined) throw new Error(`the console has no words "${key}" in ${language}`)
    return values ? format(message, values) : format(message)
  }
  return Object.assign(words, { has: (key: string) => messages.has(key) })
}

function flatten(node: object, path = ''): [string, string][] {
  return Object.entries(node).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'object' && value !== null
      ? flatten(value, `${path}${name}.`)
      : [[`${path}${name}`, String(value)]],
  )
}

export { FOLDER as WORDS_FOLDER }
