import { describe, expect, it } from 'vitest'
import type { Engine } from './port.ts'
import { fitVoices, type LanguageVoices } from './voices.ts'

const english: LanguageVoices = {
  google: { name: 'en-GB-Wavenet-A', language_code: 'en-GB' },
  espeak: { voice: 'en-gb' },
}
const indonesian: LanguageVoices = {
  google: { name: 'id-ID-Wavenet-A', language_code: 'id-ID' },
  espeak: { voice: 'id', rate: 140 },
}
const dutch: LanguageVoices = { google: { name: 'nl-NL-Wavenet-D', language_code: 'nl-NL' }, espeak: { voice: 'nl' } }
const thai: LanguageVoices = { google: { name: 'th-TH-Standard-A', language_code: 'th-TH' }, espeak: null }
const persian: LanguageVoices = { google: null, espeak: { voice: 'fa', rate: 130 } }
const burmese: LanguageVoices = { google: null, espeak: null }
const none: LanguageVoices = { google: null, espeak: null }

const cases: [string, Engine, string, LanguageVoices | null, string[]][] = [
  ['a fit voice', 'espeak', 'nl', dutch, ['nl nl']],
  ['a fit voice', 'google', 'nl', dutch, ['nl nl-NL-Wavenet-D']],
  ['a voice in the other engine only', 'espeak', 'th', thai, ['en en-gb', 'id id']],
  ['a voice in this engine only', 'google', 'th', thai, ['th th-TH-Standard-A']],
  ['a voice in this engine only', 'espeak', 'fa', persian, ['fa fa']],
  ['a voice in the other engine only', 'google', 'fa', persian, ['en en-GB-Wavenet-A', 'id id-ID-Wavenet-A']],
  ['no voice anywhere', 'espeak', 'my', burmese, ['en en-gb', 'id id']],
  ['no voice anywhere', 'google', 'my', burmese, ['en en-GB-Wavenet-A', 'id id-ID-Wavenet-A']],
  ['no template', 'espeak', 'uz', null, ['en en-gb', 'id id']],
  ['English itself', 'espeak', 'en', english, ['en en-gb']],
  ['Indonesian itself', 'google', 'id', indonesian, ['id id-ID-Wavenet-A']],
]

describe('fitVoices', () => {
  it.each(cases)('with %s: %s, %s', (_what, engine, language, voices, spoken) => {
    const fitted = fitVoices({ engine, language, voices, english, indonesian })
    expect(fitted.map(({ language, voice }) => `${language} ${voice.name}`)).toEqual(spoken)
    for (const { voice } of fitted) expect(voice.engine).toBe(engine)
  })

  it('gives Google the language code of the template and espeak the rate', () => {
    expect(fitVoices({ engine: 'google', language: 'id', voices: indonesian, english, indonesian })).toEqual([
      { language: 'id', voice: { engine: 'google', name: 'id-ID-Wavenet-A', languageCode: 'id-ID' } },
    ])
    expect(fitVoices({ engine: 'espeak', language: 'fa', voices: persian, english, indonesian })).toEqual([
      { language: 'fa', voice: { engine: 'espeak', name: 'fa', languageCode: 'fa', rate: 130 } },
    ])
  })

  it('speaks the one that is left where English or Indonesian lacks a voice, and nothing where both do', () => {
    const asked = { engine: 'espeak', language: 'my', voices: burmese } as const
    expect(fitVoices({ ...asked, english: none, indonesian }).map(({ language }) => language)).toEqual(['id'])
    expect(fitVoices({ ...asked, english: none, indonesian: none })).toEqual([])
  })
})
