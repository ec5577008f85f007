import type { Pcm } from './audio.ts'
import type { Spoken, Utterance } from './port.ts'
import type { Rendered } from './speech-worker.ts'
import { Studio } from './studio.ts'

/** Where notes are spoken and encoded: one thread or several. */
export type Booth = AsyncDisposable & {
  threads: number
  speak(utterance: Utterance): Promise<Spoken>
  render(parts: readonly Pcm[], gapSeconds: number): Promise<Rendered>
}

/** One studio per thread; each request goes to the next one in turn. A thread costs some 100 MB while it works. */
export function openBooth(threads: number): Booth {
  const studios = Array.from({ length: threads }, () => new Studio())
  let turn = 0
  const next = () => studios[turn++ % studios.length]!
  return {
    threads,
    speak: (utterance) => next().speak(utterance),
    render: (parts, gapSeconds) => next().render(parts, gapSeconds),
    async [Symbol.asyncDispose]() {
      await Promise.all(studios.map((studio) => studio[Symbol.asyncDispose]()))
    },
  }
}
