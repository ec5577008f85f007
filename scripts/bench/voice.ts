import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runChild } from './child.ts'
import { type BenchOptions, type Line, lineOf, nameOn, sizeFor } from './line.ts'

export type VoiceTask = { folder: string; residents: number }
export type VoiceCounts = { reminders: number; syntheses: number; texts: number }

/** How many spoken reminders one synthesis serves, with ten thousand residents in twenty languages told on one day. */
export async function voiceLines(options: BenchOptions): Promise<Line[]> {
  const residents = sizeFor(options, { full: 10_000, quick: 80, tiny: 60 })
  const folder = join(options.folder, `voice-${residents}`)
  mkdirSync(folder, { recursive: true })
  const task: VoiceTask = { folder, residents }
  const { reminders, syntheses, texts, rss_mb: rssMb } = await runChild<VoiceCounts>('voice-child.ts', task)
  return [
    lineOf({
      name: nameOn('voice', options.engine),
      unit: 'reminders per synthesis',
      value: reminders / syntheses,
      limit: reminders / texts,
      better: 'more',
      reach: { atLeast: 1 },
      rssMb,
      note: `${reminders} reminders, ${texts} distinct texts with the sentences around them, ${syntheses} syntheses`,
    }),
  ]
}
