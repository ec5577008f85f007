import { espeakSpeech } from '../compose/speech/espeak.ts'
import type { Rendition } from '../compose/speech/note.ts'
import { Studio } from '../compose/speech/studio.ts'
import type { NoteRequest } from '../compose/voice-notes.ts'
import { AppError } from '../lib/errors.ts'

/** Voice notes by the embedded voice, without a record: for looking and listening only. */
export type PreviewVoice = AsyncDisposable & { render(request: NoteRequest): Promise<Rendition> }

const GAP_SECONDS = 1

/** `render` makes the same note once. @throws AppError `unavailable` when the voice fails. */
export function openPreviewVoice(): PreviewVoice {
  const studio = new Studio()
  const speech = espeakSpeech({ studio })
  const made = new Map<string, Promise<Rendition>>()
  const make = async ({ parts }: NoteRequest): Promise<Rendition> => {
    const audio = []
    for (const { voice, script } of parts) {
      const said = await speech.speak({ ...script, voice })
      if (!said.ok) throw new AppError('unavailable', said.message)
      audio.push(said.audio)
    }
    const rendered = await studio.render(audio, GAP_SECONDS)
    if (!rendered.ok) throw new AppError('unavailable', rendered.message)
    return rendered.rendition
  }
  return {
    render(request) {
      const rendition = made.get(request.contentKey) ?? make(request)
      made.set(request.contentKey, rendition)
      return rendition
    },
    async [Symbol.asyncDispose]() {
      await speech[Symbol.asyncDispose]()
      await studio[Symbol.asyncDispose]()
    },
  }
}
