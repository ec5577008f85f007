import { parentPort, type Transferable } from 'node:worker_threads'
import { messageOf } from '../../lib/errors.ts'
import type { Pcm } from './audio.ts'
import type { EspeakEngine } from './espeak-engine.ts'
import type { Rendition } from './note.ts'
import type { Fault, Spoken, Utterance } from './port.ts'

// The thread in which everything that computes for long is done: speaking with espeak, levelling and encoding.
// It answers one request after another; what each needs is loaded with its first use.

export type Request =
  | { kind: 'speak'; utterance: Utterance }
  | { kind: 'render'; parts: readonly Pcm[]; gapSeconds: number }

export type Rendered = { ok: true; rendition: Rendition } | Fault

if (parentPort === null) throw new Error('speech-worker.ts runs as a worker thread only')
const port = parentPort
let espeak: Promise<EspeakEngine> | undefined

port.on('message', (request: Request) => {
  void answer(request).then(({ reply, transfer }) => port.postMessage(reply, transfer))
})

type Answer = { reply: Spoken | Rendered; transfer: Transferable[] }

async function answer(request: Request): Promise<Answer> {
  try {
    return request.kind === 'speak' ? await speak(request.utterance) : await render(request)
  } catch (error) {
    // After a fault inside WebAssembly nothing in this thread can be trusted; its owner ends it on `crashed`.
    return { reply: { ok: false, reason: 'crashed', message: messageOf(error) }, transfer: [] }
  }
}

async function speak(utterance: Utterance): Promise<Answer> {
  espeak ??= import('./espeak-engine.ts').then(({ EspeakEngine }) => EspeakEngine.load())
  const reply = (await espeak).speak(utterance)
  return { reply, transfer: reply.ok ? [reply.audio.samples.buffer] : [] }
}

async function render({ parts, gapSeconds }: { parts: readonly Pcm[]; gapSeconds: number }): Promise<Answer> {
  const { renderNote } = await import('./note.ts')
  const rendition = await renderNote(parts, gapSeconds)
  return { reply: { ok: true, rendition }, transfer: [] }
}
