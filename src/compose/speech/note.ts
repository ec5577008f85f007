import type { Pcm } from './audio.ts'
import { join, resample, seconds, trimSilence, withSilence } from './audio.ts'
import { filter, highPass } from './filters.ts'
import { loudness, normalise } from './loudness.ts'
import { ENCODER_SAMPLE_RATE, encodeMp3 } from './mp3.ts'
import { encodeOggOpus } from './ogg-opus.ts'

/** A voice note in both forms: `mp3` for calls and the note page, `ogg` (Opus) for WhatsApp. */
export type Rendition = { mp3: Uint8Array; ogg: Uint8Array; seconds: number; lufs: number }

/** The codecs take away 0.4 LU, and what is heard should be -16 LUFS. */
const LOUDNESS = -15.6
/** Both codecs overshoot what they are given, by up to 2.5 dB at these bit rates. */
const CEILING_DB = -3
const TELEPHONE_LOW_CUT = 120

/**
 * Levels each utterance to -16 LUFS, puts them one after another with a pause between, 0.3 s of silence at both ends,
 * and encodes both renditions. Takes a fraction of a second of pure computing: call it in the worker thread, as
 * `Studio.render` does.
 */
export async function renderNote(parts: readonly Pcm[], gapSeconds: number): Promise<Rendition> {
  const note = withSilence(join(parts.map(levelled), gapSeconds))
  return {
    mp3: await encodeMp3(note),
    ogg: encodeOggOpus(note),
    seconds: seconds(note),
    lufs: loudness(note),
  }
}

function levelled(part: Pcm): Pcm {
  const { samples, sampleRate } = resample(part, ENCODER_SAMPLE_RATE)
  const cut = filter(samples, [highPass({ hertz: TELEPHONE_LOW_CUT, sampleRate })])
  return normalise(trimSilence({ samples: cut, sampleRate }), { lufs: LOUDNESS, ceilingDb: CEILING_DB })
}
