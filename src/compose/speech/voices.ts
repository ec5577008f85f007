import type { Engine, Voice } from './port.ts'

/** What a language's template says about its voices; null where an engine has none that is fit to be heard. */
export type LanguageVoices = {
  google: { name: string; language_code: string } | null
  espeak: { voice: string; rate?: number } | null
}

export type FittedVoice = { language: string; voice: Voice }

/**
 * The languages to speak, in order: the wanted one if this engine has a fit voice for it, else English and Indonesian, one
 * after the other. Empty only where the engine lacks these too. `voices` is null for a language without a template.
 */
export function fitVoices({
  engine,
  language,
  voices,
  english,
  indonesian,
}: {
  engine: Engine
  language: string
  voices: LanguageVoices | null
  english: LanguageVoices
  indonesian: LanguageVoices
}): FittedVoice[] {
  const wanted = inEngine({ engine, language, voices })
  if (wanted.length > 0) return wanted
  return [
    ...inEngine({ engine, language: 'en', voices: english }),
    ...inEngine({ engine, language: 'id', voices: indonesian }),
  ]
}

function inEngine({
  engine,
  language,
  voices,
}: {
  engine: Engine
  language: string
  voices: LanguageVoices | null
}): FittedVoice[] {
  const voice = engine === 'google' ? googleVoice(voices) : espeakVoice({ language, voices })
  return voice ? [{ language, voice }] : []
}

function googleVoice(voices: LanguageVoices | null): Voice | undefined {
  if (!voices?.google) return undefined
  return { engine: 'google', name: voices.google.name, languageCode: voices.google.language_code }
}

function espeakVoice({ language, voices }: { language: string; voices: LanguageVoices | null }): Voice | undefined {
  if (!voices?.espeak) return undefined
  const { voice, rate } = voices.espeak
  return { engine: 'espeak', name: voice, languageCode: language, ...(rate === undefined ? {} : { rate }) }
}
