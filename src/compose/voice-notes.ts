import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { and, eq, inArray, ne } from 'drizzle-orm'
import type { Db } from '../db/open.ts'
import { storageFault } from '../db/trouble.ts'
import type { CivilDate } from '../lib/civil-date.ts'
import type { Log } from '../lib/events.ts'
import type { Pcm } from './speech/audio.ts'
import type { Booth } from './speech/booth.ts'
import type { Engine, Fault, Speech } from './speech/port.ts'
import { Rests } from './speech/rests.ts'
import { type FittedVoice, fitVoices } from './speech/voices.ts'
import { type Template, type Templates, templateFor } from './template.ts'
import type { Script } from './words.ts'

/** One note as it will be heard: usually one part, two (English, Indonesian) where the language has no fit voice. */
export type NoteRequest = {
  language: string
  engine: Engine
  contentKey: string
  parts: (FittedVoice & { script: Script })[]
}

export type VoiceNote = {
  id: number
  token: string
  contentKey: string
  language: string
  spoken: string
  milliseconds: number
}

/** Why an engine did not speak. */
export type Failed = Fault & { engine: Engine }

/** `fresh`: it was synthesised for this. `failed`: the preferred engine's fault, though another one spoke in its place. */
export type Made = { ok: true; note: VoiceNote; fresh: boolean; failed: Failed | null } | { ok: false; failed: Failed }

type Recorded = { ok: true; note: VoiceNote; fresh: boolean } | Fault

/** Raise it when the encoder's settings change: notes made before are then made anew. */
const RENDITION = 1
const GAP_SECONDS = 1

/** The words of a note in each language that may have to speak it. */
export type Speak = (template: Template) => Script

/** The note that `engine` would speak for `language`; null when the engine has not even English or Indonesian. */
export function noteRequest(templates: Templates, engine: Engine, language: string, speak: Speak): NoteRequest | null {
  const { template, asked } = templateFor(templates, language)
  const parts = fitVoices({
    engine,
    language: template.language,
    voices: asked === null ? template.voices : null,
    english: templates.get('en')!.voices,
    indonesian: templates.get('id')!.voices,
  }).map((fitted, _index, all) => {
    const script = speak(templates.get(fitted.language)!)
    return { ...fitted, script: (all.length > 1 && script.brief) || script }
  })
  if (parts.length === 0) return null
  const content = parts.map(({ voice, script }) => [voice.engine, voice.name, voice.rate ?? null, script.ssml])
  const contentKey = createHash('sha256')
    .update(JSON.stringify([RENDITION, content]))
    .digest('hex')
  return { language: asked ?? template.language, engine, contentKey, parts }
}

/** Voice notes on disk and on record: nothing is synthesised twice. Engines in order of preference. */
export class VoiceNotes {
  readonly dir: string
  readonly #db: Db
  readonly #templates: Templates
  readonly #engines: readonly Speech[]
  /** So many notes can be made at the same time. */
  readonly threads: number
  readonly #studio: Pick<Booth, 'render'>
  readonly #log: Log
  readonly #rests = new Rests()
  readonly #making = new Map<string, Promise<Recorded>>()
  /** Since the program started. */
  readonly counts = { syntheses: 0, characters: 0, faults: 0 }

  constructor(deps: {
    db: Db
    templates: Templates
    engines: readonly Speech[]
    studio: Pick<Booth, 'render'> & { threads?: number }
    dir: string
    log: Log
  }) {
    this.#db = deps.db
    this.#templates = deps.templates
    this.#engines = deps.engines
    this.#studio = deps.studio
    this.threads = deps.studio.threads ?? 1
    this.#log = deps.log
    this.dir = deps.dir
    mkdirSync(this.dir, { recursive: true })
  }

  /** What each engine would speak, the preferred first. */
  requests(language: string, speak: Speak): NoteRequest[] {
    return this.#engines.flatMap(({ engine }) => noteRequest(this.#templates, engine, language, speak) ?? [])
  }

  /** The note on record that fits best, or null when none was made yet. */
  async find(language: string, speak: Speak): Promise<VoiceNote | null> {
    const keys = this.requests(language, speak).map((request) => request.contentKey)
    if (keys.length === 0) return null
    const { voice_notes } = this.#db.t
    const rows = await this.#db.read
      .select(columns(voice_notes))
      .from(voice_notes)
      .where(inArray(voice_notes.content_key, keys))
    return rows.toSorted((a, b) => keys.indexOf(a.contentKey) - keys.indexOf(b.contentKey))[0] ?? null
  }

  /**
   * The note for these words, made now unless it is there. A failing engine gives way to the next one; the fault of the
   * preferred engine comes back with the note, or alone when none could speak.
   */
  async ensure(language: string, speak: Speak, at: { now: number; today: CivilDate }): Promise<Made> {
    let failed: Failed | null = null
    for (const request of this.requests(language, speak)) {
      const made = await this.#once(request, at)
      if (made.ok) return { ...made, failed }
      failed ??= { ...made, engine: request.engine }
    }
    if (failed) return { ok: false, failed }
    const message = `no engine has a voice for ${language}, English or Indonesian`
    return { ok: false, failed: { ok: false, reason: 'voice', message, engine: this.#engines[0]!.engine } }
  }

  #once(request: NoteRequest, at: { now: number; today: CivilDate }): Promise<Recorded> {
    const underway = this.#making.get(request.contentKey)
    if (underway !== undefined) return underway
    const made = this.#findOrMake(request, at).finally(() => this.#making.delete(request.contentKey))
    this.#making.set(request.contentKey, made)
    return made
  }

  async #findOrMake(request: NoteRequest, { now, today }: { now: number; today: CivilDate }): Promise<Recorded> {
    const { voice_notes } = this.#db.t
    const [found] = await this.#db.read
      .select(columns(voice_notes))
      .from(voice_notes)
      .where(eq(voice_notes.content_key, request.contentKey))
    if (found && this.#hasFiles(request.contentKey)) {
      await this.#db.write(async (tx) => {
        await tx
          .update(voice_notes)
          .set({ last_used_on: today })
          .where(and(eq(voice_notes.id, found.id), ne(voice_notes.last_used_on, today)))
      })
      return { ok: true, note: found, fresh: false }
    }

    const audio = await this.#speak(request, now)
    if (!Array.isArray(audio)) return audio
    const rendered = await onceMore(() => this.#studio.render(audio, GAP_SECONDS))
    if (!rendered.ok) return this.#fault(request, rendered, now)
    const { mp3, ogg, seconds } = rendered.rendition
    await writeAtomically(this.#file(request.contentKey, 'mp3'), mp3)
    await writeAtomically(this.#file(request.contentKey, 'ogg'), ogg)
    const characters = request.parts.reduce((sum, part) => sum + part.script.text.length, 0)
    this.counts.syntheses += 1
    this.counts.characters += characters

    const row = {
      content_key: request.contentKey,
      token: this.#db.vault.token('voice note', request.contentKey),
      language: request.language,
      spoken: request.parts.map((part) => part.language).join(','),
      engine: request.engine,
      voices: request.parts.map((part) => part.voice.name).join(','),
      characters,
      milliseconds: Math.round(seconds * 1_000),
      mp3_bytes: mp3.byteLength,
      mp3_digest: sha256(mp3),
      ogg_bytes: ogg.byteLength,
      ogg_digest: sha256(ogg),
      created_at: now,
      last_used_on: today,
    }
    const note = await this.#db.write(async (tx) => {
      // The row may be there already, of files that were lost: it describes the new ones from now on.
      const [made] = await tx
        .insert(voice_notes)
        .values(row)
        .onConflictDoUpdate({ target: voice_notes.content_key, set: row })
        .returning(columns(voice_notes))
      return made!
    })
    return { ok: true, note, fresh: true }
  }

  async #speak(request: NoteRequest, now: number): Promise<Pcm[] | Fault> {
    const resting = this.#rests.faultOf(request.engine, now)
    if (resting) return resting
    const engine = this.#engines.find((speech) => speech.engine === request.engine)!
    const audio: Pcm[] = []
    for (const { voice, script } of request.parts) {
      const spoken = await onceMore(() => engine.speak({ text: script.text, ssml: script.ssml, voice }))
      if (!spoken.ok) return this.#fault(request, spoken, now)
      audio.push(spoken.audio)
    }
    this.#rests.spoke(request.engine)
    return audio
  }

  #fault({ engine, language }: NoteRequest, fault: Fault, now: number): Fault {
    this.counts.faults += 1
    // Not its message: a service may quote what it was asked to say.
    this.#log.warn({ engine, language, reason: fault.reason, code: fault.code }, 'speech failed')
    this.#rests.failed(engine, fault, now)
    return fault
  }

  #hasFiles(contentKey: string): boolean {
    return existsSync(this.#file(contentKey, 'mp3')) && existsSync(this.#file(contentKey, 'ogg'))
  }

  #file(contentKey: string, extension: 'mp3' | 'ogg'): string {
    return join(this.dir, `${contentKey}.${extension}`)
  }
}

function columns(voice_notes: Db['t']['voice_notes']) {
  return {
    id: voice_notes.id,
    token: voice_notes.token,
    contentKey: voice_notes.content_key,
    language: voice_notes.language,
    spoken: voice_notes.spoken,
    milliseconds: voice_notes.milliseconds,
  }
}

/** A thread that died, for want of memory perhaps, has a successor. */
async function onceMore<Reply extends { ok: true } | Fault>(ask: () => Promise<Reply>): Promise<Reply> {
  const reply = await ask()
  return !reply.ok && reply.reason === 'crashed' ? ask() : reply
}

/** Whole or not at all, also after a power cut: a half-written note would be played to people. */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  // Workers on several machines may share the folder, and a process number.
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    await writeWhole(temporary, bytes)
    await rename(temporary, path)
  } catch (error) {
    // On a full disk the half of it would keep others from finding room.
    await rm(temporary, { force: true })
    throw storageFault(error, dirname(path)) ?? error
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'w')
  await file.writeFile(bytes)
  await file.sync()
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
