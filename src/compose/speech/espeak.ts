import type { Speech } from './port.ts'
import { Studio } from './studio.ts'

/**
 * The embedded engine: no account, no network, about 140 languages. It speaks in the given studio's thread, which stays
 * its owner's to dispose of; without one it opens and disposes of its own.
 */
export function espeakSpeech({ studio }: { studio?: Pick<Studio, 'speak'> } = {}): Speech {
  const own = studio === undefined ? new Studio() : undefined
  const thread = studio ?? own!
  return {
    engine: 'espeak',
    speak: (utterance) => thread.speak(utterance),
    [Symbol.asyncDispose]: async () => {
      await own?.[Symbol.asyncDispose]()
    },
  }
}
