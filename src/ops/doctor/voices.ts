import type { ListedVoices } from '../../compose/speech/google.ts'
import type { Templates } from '../../compose/template.ts'
import { fault, type Trouble } from './finding.ts'

/** Google may speak with another voice than the one asked for, so every pinned name must be one that it lists. */
export function judgeVoices(listed: ListedVoices, templates: Templates): Trouble[] {
  if (!listed.ok) {
    return [
      fault(
        `Google Text-to-Speech does not answer (${listed.reason}).`,
        listed.reason === 'credentials'
          ? 'Look at the key in GOOGLE_APPLICATION_CREDENTIALS, and whether the API and billing are switched on for its project.'
          : 'Look whether this machine reaches texttospeech.googleapis.com (or GOOGLE_TTS_ENDPOINT); until then the embedded voice speaks.',
      ),
    ]
  }
  const known = new Set(listed.voices.map(({ name }) => name))
  return [...templates.values()].flatMap(({ language, voices }) =>
    voices.google && !known.has(voices.google.name)
      ? fault(
          `Google lists no voice ${voices.google.name}, which templates/${language}.yaml names.`,
          'Choose another one there from cloud.google.com/text-to-speech/docs/list-voices-and-types.',
        )
      : [],
  )
}
