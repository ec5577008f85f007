import { beforeAll, describe, expect, it } from 'vitest'
import { hostileFiles } from '../scripts/drills/hostile-files.ts'
import { MOST_MIB, tryHostileFiles, type Verdict } from '../scripts/drills/hostile-uploads.ts'

const FILES = hostileFiles(1)
const verdicts = new Map<string, Verdict>()

describe('a file that is made to hurt', () => {
  beforeAll(async () => {
    for (const verdict of await tryHostileFiles(FILES)) verdicts.set(verdict.name, verdict)
  })

  it.each(FILES)('is refused in words by the console and by import, and leaves nothing: $name, $what', ({ name }) => {
    const { faults, memoryMiB } = verdicts.get(name)!
    expect(faults).toEqual([])
    expect(memoryMiB).toBeLessThan(MOST_MIB)
  })
})
