import { writeFileSync } from 'node:fs'
import { factsOf } from '../compose/facts.ts'
import { loadTemplates, type Templates, withOwnWords } from '../compose/template.ts'
import { noteRequest } from '../compose/voice-notes.ts'
import { type NoticeFacts, smsWords, voiceScript } from '../compose/words.ts'
import type { Config } from '../config.ts'
import { addDays, type CivilDate, dateAt } from '../lib/civil-date.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Office } from '../lib/office.ts'
import { loadOffices, officeFolders } from '../lib/offices.ts'
import { dateOption, officeOption } from './options.ts'
import type { ExitCode, Output } from './output.ts'
import { openPreviewVoice, type PreviewVoice } from './preview-audio.ts'
import { type LanguageSheet, type Moments, renderSheet, sectionsOf } from './preview-sheet.ts'

const LINK = `/n/${'x'.repeat(22)}`
const SOURCE = 'id'

export type PreviewOptions = {
  language?: string
  all?: boolean
  stage: number
  expires?: string
  kind: string
  audio?: string
  html?: string
  office?: string
}

/** `preview`: what a resident would read and hear on the day a stage falls due. The audio is the embedded voice's. */
export async function previewCommand(
  config: Config,
  clock: Clock,
  output: Output,
  options: PreviewOptions,
): Promise<ExitCode> {
  const { office, templates } = await wordsOf(config, options.office)
  const expiresOn = options.expires
    ? dateOption('--expires', options.expires)
    : addDays(dateAt(clock.now(), office.timeZone), options.stage)
  const permit: Permit = {
    office,
    expiresOn,
    kind: options.kind,
    base: config.publicBaseUrl ?? 'https://tenggat.example',
  }
  if (options.all) {
    if (!options.html || options.language || options.audio)
      throw new AppError('usage', '--all needs --html FILE, and no --language or --audio')
    return previewAll({ templates, permit, stage: options.stage, html: options.html }, output)
  }
  const { language, audio } = options
  if (!language || options.html) throw new AppError('usage', 'preview needs --language TAG, or --all with --html FILE')
  const facts = factsAt(permit, options.stage)
  return previewOne({ templates, facts, language, ...(audio ? { audio } : {}) }, output)
}

async function wordsOf(config: Config, code: string | undefined): Promise<{ office: Office; templates: Templates }> {
  const offices = await loadOffices(config.officeFile)
  const office = code === undefined ? offices.home : officeOption(offices, code)
  const templates = await loadTemplates(config.templatesDir)
  const own = officeFolders(config.officeFile).find((one) => one.code === code)
  return { office, templates: own ? await withOwnWords(templates, own.folder) : templates }
}

type Permit = { office: Office; expiresOn: CivilDate; kind: string; base: string }

async function previewOne(
  { templates, facts, language, audio }: { templates: Templates; facts: NoticeFacts; language: string; audio?: string },
  output: Output,
): Promise<ExitCode> {
  const template = templates.get(language)
  if (!template) {
    throw new AppError(
      'usage',
      `--language ${language} has no template; there are: ${[...templates.keys()].join(', ')}`,
    )
  }
  const sms = smsWords(template, facts)
  const script = voiceScript(template, facts)
  output.line(sms.body)
  output.line('')
  output.line(`${sms.segments} segments of ${sms.encoding}`)
  output.line('')
  output.line(script.text)

  const request = noteRequest(templates, 'espeak', language, (one) => voiceScript(one, facts))
  const spoken = request?.parts.map((part) => part.language) ?? []
  let seconds: number | null = null
  if (audio && request) {
    await using voice = openPreviewVoice()
    const rendition = await voice.render(request)
    seconds = rounded(rendition.seconds)
    write(audio, audio.endsWith('.ogg') ? rendition.ogg : rendition.mp3)
    output.line('')
    output.line(`${audio}: ${seconds} s, spoken in ${spoken.join(' and ')}`)
  }
  const { body, encoding, segments } = sms
  output.result({ language, sms: body, encoding, segments, voice: script.text, spoken, seconds, audio: audio ?? null })
  return 0
}

async function previewAll(
  { templates, permit, stage, html }: { templates: Templates; permit: Permit; stage: number; html: string },
  output: Output,
): Promise<ExitCode> {
  write(html, '')
  const { office, expiresOn, kind } = permit
  const due = factsAt(permit, stage)
  const moments: Moments = {
    due,
    late: factsAt(permit, 0),
    overstay: factsAt(permit, -1),
    several: { ...due, count: 3 },
  }
  await using voice = openPreviewVoice()
  const inEnglish = new Intl.DisplayNames('en', { type: 'language' })
  const sheets: LanguageSheet[] = []
  for (const template of templates.values()) {
    const { language, name, direction, reviewed_by: reviewedBy } = template
    const note = await noteOf(voice, templates, language, due)
    const englishName = inEnglish.of(language) ?? language
    const sections = sectionsOf(template, moments, kind)
    sheets.push({ language, name, englishName, direction, reviewedBy, sections, note })
    output.line(`${language}: ${note ? `${note.seconds} s, spoken in ${note.spoken.join(' and ')}` : 'no voice'}`)
  }
  const source = sheets.find((sheet) => sheet.language === SOURCE)!
  const languages = sheets.filter((sheet) => sheet !== source)
  const page = renderSheet({ officeName: office.name, expiresOn, dueOn: addDays(expiresOn, -stage), source, languages })
  write(html, page)
  output.line(`${html}: ${sheets.length} languages, ${(Buffer.byteLength(page) / 1e6).toFixed(1)} MB`)
  output.result({
    html,
    bytes: Buffer.byteLength(page),
    languages: sheets.map(({ language, note, reviewedBy }) => ({
      language,
      seconds: note?.seconds ?? null,
      spoken: note?.spoken ?? [],
      reviewed_by: reviewedBy || null,
    })),
  })
  return 0
}

async function noteOf(
  voice: PreviewVoice,
  templates: Templates,
  language: string,
  facts: NoticeFacts,
): Promise<LanguageSheet['note']> {
  const request = noteRequest(templates, 'espeak', language, (one) => voiceScript(one, facts))
  if (!request) return null
  const { mp3, seconds } = await voice.render(request)
  const spoken = request.parts.map((part) => part.language)
  const audio = spoken.includes(language) ? `data:audio/mpeg;base64,${Buffer.from(mp3).toString('base64')}` : null
  return { seconds: rounded(seconds), spoken, audio }
}

/** What is said `daysLeft` days before the end; below 0 after it. */
function factsAt({ office, expiresOn, kind, base }: Permit, daysLeft: number): NoticeFacts {
  return factsOf({
    office,
    told: [{ expiresOn, kind, reference: `${office.code}-7K3Q`, planStage: daysLeft }],
    role: 'resident',
    link: base + LINK,
    today: addDays(expiresOn, -daysLeft),
  })
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10
}

function write(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw new AppError('usage', `${file} cannot be written`, { cause: error })
  }
}
