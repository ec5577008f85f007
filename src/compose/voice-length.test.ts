import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import { EspeakEngine } from './speech/espeak-engine.ts'
import { loadTemplates, type Template } from './template.ts'
import { type Script, type VoiceFacts, voiceScript } from './words.ts'

const templates = [...(await loadTemplates(join(import.meta.dirname, '../../templates')))]
let engine: EspeakEngine

beforeAll(async () => {
  engine = await EspeakEngine.load()
})

describe('a voice note, spoken by the embedded voice,', () => {
  it.each(templates.filter(([, template]) => template.voices.espeak))('is heard out in %s', (_, template) => {
    const { shortest, longest } = extremes(template)
    const seconds = secondsOf(template, longest)
    expect(seconds, longest.text).toBeLessThan(40)
    expect((seconds * shortest.text.length) / longest.text.length).toBeGreaterThan(8)
  })

  it.each(templates.filter(([, template]) => !template.voices.espeak))(
    'has no more letters than Indonesian, or a few, in %s, which it cannot speak',
    (_, template) => {
      const indonesian = templates.find(([language]) => language === 'id')![1]
      expect(lettersIn(extremes(template).longest)).toBeLessThan(lettersIn(extremes(indonesian).longest) * 1.2)
    },
  )
})

function extremes(template: Template): { shortest: Script; longest: Script } {
  const scripts = everyCase()
    .map((facts) => voiceScript(template, facts))
    .sort((one, other) => one.text.length - other.text.length)
  return { shortest: scripts.at(0)!, longest: scripts.at(-1)! }
}

function everyCase(): VoiceFacts[] {
  const dates = {
    expiresOn: civilDate('2027-09-28'),
    lastFilingDay: civilDate('2027-09-27'),
    comeOn: civilDate('2027-09-29'),
  }
  return [
    { late: false, overstay: false },
    { late: true, overstay: false },
    { late: true, overstay: true },
  ].flatMap((situation) => (['yes', 'no', 'ask'] as const).map((extend) => ({ ...dates, ...situation, extend })))
}

function secondsOf(template: Template, script: Script): number {
  const { voice, rate } = template.voices.espeak!
  const spoken = engine.speak({
    ...script,
    voice: { engine: 'espeak', name: voice, languageCode: template.language, ...(rate === undefined ? {} : { rate }) },
  })
  if (!spoken.ok) throw new Error(spoken.message)
  return spoken.audio.samples.length / spoken.audio.sampleRate
}

function lettersIn({ text }: Script): number {
  return [...new Intl.Segmenter().segment(text)].length
}
