import { lazily } from '../lib/lazily.ts'

/** A BCP 47 tag in its canonical form, from a tag or from a language's name in English or Indonesian; null otherwise. */
export function parseLanguage(text: string): string | null {
  const name = text.toLowerCase().replace(/^bahasa\s+/, '')
  const known = names().get(name)
  if (known) return known
  const tag = text.replaceAll('_', '-')
  return /^[a-z]{2,3}(?:-[a-z0-9]{2,8})*$/i.test(tag) ? canonical(tag) : null
}

function canonical(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const spoken =
  'id en ms nl de fr ru vi hi ur ko zh yue ar th my ja km lo tl tet pt es it tr fa bn pa ta uz uk pl cs sv da no fi el he sw'

const names = lazily(namesOf)

function namesOf(): ReadonlyMap<string, string> {
  const table = new Map([
    ['mandarin', 'zh'],
    ['china', 'zh'],
    ['tionghoa', 'zh'],
    ['cina', 'zh'],
    ['filipino', 'tl'],
    ['tagalog', 'tl'],
    ['farsi', 'fa'],
    ['burma', 'my'],
    ['indo', 'id'],
  ])
  for (const language of ['en', 'id']) {
    const display = new Intl.DisplayNames(language, { type: 'language' })
    for (const tag of spoken.split(' ')) table.set((display.of(tag) ?? tag).toLowerCase(), tag)
  }
  return table
}
