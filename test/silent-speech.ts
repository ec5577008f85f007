import type { Speech } from '../src/compose/speech/port.ts'

/** An engine at the speech port that hums as long as the text would take: real encoders, real files, no synthesis time. */
export function silentSpeech({ leastSeconds = 0.5, lettersPerSecond = 60 } = {}): Speech & { spoken: string[] } {
  const spoken: string[] = []
  return {
    engine: 'espeak',
    spoken,
    async speak({ text }) {
      spoken.push(text)
      const sampleRate = 22_050
      const samples = new Float32Array(Math.round(sampleRate * Math.max(leastSeconds, text.length / lettersPerSecond)))
      for (let i = 0; i < samples.length; i++) samples[i] = 0.3 * Math.sin((2 * Math.PI * 440 * i) / sampleRate)
      return { ok: true, audio: { samples, sampleRate } }
    },
    async [Symbol.asyncDispose]() {
      spoken.length = 0
    },
  }
}

/** Where nobody asks how long a note lasts: encoding takes as long as there is sound. */
export function shortHum(): ReturnType<typeof silentSpeech> {
  return silentSpeech({ leastSeconds: 0.1, lettersPerSecond: 1_000 })
}
