import loadModule, { type EspeakModule, type EspeakWorker } from '@echogarden/espeak-ng-emscripten'
import type { Pcm } from './audio.ts'
import { peak } from './audio.ts'
import { type Spoken, speakableSsml, type Utterance } from './port.ts'

const WORDS_PER_MINUTE = 150
const SLOWEST = 80
const FASTEST = 450
const INAUDIBLE = 0.01

/** espeak-ng inside this thread. It computes without a pause until the utterance is spoken. */
export class EspeakEngine {
  #espeak: EspeakWorker
  #names: Set<string>

  private constructor({ eSpeakNGWorker }: EspeakModule) {
    this.#espeak = new eSpeakNGWorker()
    this.#names = voiceNames(this.#espeak)
  }

  static async load(): Promise<EspeakEngine> {
    const quiet = () => undefined
    return new EspeakEngine(await loadModule({ print: quiet, printErr: quiet }))
  }

  /** A voice is a language of espeak (`id`, `en-us`, `cmn`), with a variant if wished (`id+f2`). */
  speak(utterance: Utterance): Spoken {
    const { name, rate = WORDS_PER_MINUTE } = utterance.voice
    // espeak takes any name and speaks with whatever voice it had before, so the name is looked up first.
    const known = this.#names.has(name.split('+')[0]!) && this.#espeak.set_voice(name, '') === 0
    if (!known) return { ok: false, reason: 'voice', message: `espeak has no voice ${name}` }
    const speakable = speakableSsml(utterance)
    if (!speakable.ok) return speakable
    this.#espeak.rate = Math.max(SLOWEST, Math.min(FASTEST, rate))
    const audio = this.#synthesize(speakable.ssml)
    if (peak(audio.samples) > INAUDIBLE) return { ok: true, audio }
    return { ok: false, reason: 'refused', message: `espeak found nothing to say in the script for voice ${name}` }
  }

  #synthesize(ssml: string): Pcm {
    const pieces: Int16Array[] = []
    this.#espeak.synthesize(ssml, (piece) => {
      if (piece) pieces.push(piece)
      return false
    })
    const samples = new Float32Array(pieces.reduce((length, piece) => length + piece.length, 0))
    let at = 0
    for (const piece of pieces) for (const sample of piece) samples[at++] = sample / 32_768
    return { samples, sampleRate: this.#espeak.samplerate }
  }
}

function voiceNames(espeak: EspeakWorker): Set<string> {
  const voices = espeak.list_voices()
  return new Set(voices.flatMap(({ identifier, languages }) => [identifier, ...languages.map(({ name }) => name)]))
}
