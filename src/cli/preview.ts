import { writeFileSync } from 'node:fs'
import { factsOf } from '../compose/facts.ts'
import { espeakSpeech } from '../compose/speech/espeak.ts'
import { Studio } from '../compose/speech/studio.ts'
import { loadTemplates } from '../compose/template.ts'
import { noteRequest } from '../compose/voice-notes.ts'
import { smsWords, voiceScript } from '../compose/words.ts'
import type { Config } from '../config.ts'
import { addDays, type CivilDate, civilDate, dateAt } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { loadOffice } from '../lib/office.ts'
import type { ExitCode, Output } from './output.ts'

const LINK = `/n/${'x'.repeat(22)}`

/** `preview`: what a resident would read and hear on the day a stage falls due. The audio is the embedded voice's. */
export async function previewCommand(
  config: Config,
  clock: Clock,
  output: Output,
  options: { language: string; stage: number; expires?: string; kind: string; audio?: string },
): Promise<ExitCode> {
  const office = loadOffice(config.officeFile)
  const templates = loadTemplates(config.templatesDir)
  const template = templates.get(options.language)
  if (!template) {
    throw new AppError('usage', `--language ${options.language} has no template; there are: ${[...templates.keys()].join(', ')}`)
  }
  const expiresOn = options.expires ? parse(options.expires) : addDays(dateAt(clock.now(), office.timeZone), options.stage)
  const facts = factsOf({
    office,
    told: [{ expiresOn, kind: options.kind, reference: `${office.code}-7K3Q`, planStage: options.stage }],
    role: 'resident',
    link: `${config.publicBaseUrl ?? 'https://tenggat.example'}${LINK}`,
    today: addDays(expiresOn, -options.stage),
  })
  const sms = smsWords(template, facts)
  const script = voiceScript(template, facts)
  output.line(sms.body)
  output.line('')
  output.line(`${sms.segments} segments of ${sms.encoding}`)
  output.line('')
  output.line(script.text)

  const request = noteRequest(templates, 'espeak', options.language, (one) => voiceScript(one, facts))
  const spoken = request?.parts.map((part) => part.language) ?? []
  let seconds: number | null = null
  if (options.audio && request) {
    await using studio = new Studio()
    await using speech = espeakSpeech({ studio })
    const parts = []
    for (const { voice, script: part } of request.parts) {
      const said = await speech.speak({ ...part, voice })
      if (!said.ok) throw new AppError('unavailable', said.message)
      parts.push(said.audio)
    }
    const rendered = await studio.render(parts, 1)
    if (!rendered.ok) throw new AppError('unavailable', rendered.message)
    seconds = Math.round(rendered.rendition.seconds * 10) / 10
    writeFileSync(options.audio, options.audio.endsWith('.ogg') ? rendered.rendition.ogg : rendered.rendition.mp3)
    output.line('')
    output.line(`${options.audio}: ${seconds} s, spoken in ${spoken.join(' and ')}`)
  }
  output.result({ language: options.language, sms: sms.body, encoding: sms.encoding, segments: sms.segments, voice: script.text, spoken, seconds, audio: options.audio ?? null })
  return 0
}

function parse(text: string): CivilDate {
  try {
    return civilDate(text)
  } catch (error) {
    throw new AppError('usage', `--expires ${text} is no date; allowed: YYYY-MM-DD`, { cause: error })
  }
}
