import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pcm } from '../src/compose/speech/audio.ts'
import type { Speech, Utterance } from '../src/compose/speech/port.ts'
import { Studio } from '../src/compose/speech/studio.ts'
import { loadTemplates, type Templates } from '../src/compose/template.ts'
import { VoiceNotes } from '../src/compose/voice-notes.ts'
import type { Db } from '../src/db/open.ts'
import { openTestDb } from '../src/db/testing.ts'
import { silentLog } from '../src/lib/events.ts'

/** Voice notes over a real database and folder, spoken by these engines in order of preference. */
export type Recording = AsyncDisposable & {
  db: Db
  dir: string
  templates: Templates
  voiceNotes: VoiceNotes
  studio: Studio
}

export async function openRecording(engines: (studio: Studio) => Speech[]): Promise<Recording> {
  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'tenggat-recording-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  const db = stack.use(await openTestDb())
  const studio = stack.use(new Studio())
  const templates = await loadTemplates(join(import.meta.dirname, '../templates'))
  const opened = engines(studio).map((engine) => stack.use(engine))
  const dir = join(folder, 'audio')
  const voiceNotes = new VoiceNotes({ db, templates, engines: opened, studio, dir, log: silentLog })
  const all = stack.move()
  return { db, dir, templates, voiceNotes, studio, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** The same engine, with everything it was asked to say and what came of it. */
export function overheard(speech: Speech): Speech & { said: { utterance: Utterance; audio: Pcm }[] } {
  const said: { utterance: Utterance; audio: Pcm }[] = []
  return {
    engine: speech.engine,
    said,
    async speak(utterance) {
      const spoken = await speech.speak(utterance)
      // The studio takes the samples over to its thread, so a copy stays here.
      if (spoken.ok) said.push({ utterance, audio: { ...spoken.audio, samples: spoken.audio.samples.slice() } })
      return spoken
    },
    [Symbol.asyncDispose]: () => speech[Symbol.asyncDispose](),
  }
}
