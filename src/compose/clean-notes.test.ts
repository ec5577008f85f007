import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRecording, type Recording } from '../../test/recording.ts'
import { Rows } from '../../test/rows.ts'
import type { DeliveryState } from '../db/schema.ts'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { SteppedClock } from '../lib/clock.ts'
import { cleanNotes } from './clean-notes.ts'

const TODAY = civilDate('2026-11-23')
const NOW = Date.UTC(2026, 10, 23, 1)
const HOUR = 3_600_000

let recording: Recording
let rows: Rows

beforeAll(async () => {
  recording = await openRecording(() => [])
  rows = new Rows(recording.db, new SteppedClock(NOW), recording.dir)
})
afterAll(() => recording?.[Symbol.asyncDispose]())
beforeEach(() => clean({ days: -1, now: NOW + 1000 * 24 * HOUR }))

describe('a voice note', () => {
  it.each<[days: number, state: DeliveryState | null, kept: boolean]>([
    [0, null, true],
    [120, null, true],
    [121, null, false],
    [121, 'queued', true],
    [121, 'sending', true],
    [121, 'uncertain', true],
    [121, 'accepted', true],
    [121, 'sent', true],
    [121, 'delivered', false],
    [121, 'read', false],
    [121, 'exhausted', false],
    [121, 'cancelled', false],
    [121, 'set_aside', false],
    [0, 'delivered', true],
  ])('last used %i days ago, of a delivery that is %s: kept %s', async (days, state, kept) => {
    const id = await noteUsed(days)
    if (state) await rows.tell({ voiceNoteId: id, state })
    const counts = await clean()
    expect(counts).toEqual(kept ? { notes: 0, files: 0 } : { notes: 1, files: 2 })
    expect(await onRecord()).toEqual(kept ? [id] : [])
    expect(filesThere()).toHaveLength(kept ? 2 : 0)
    if (state) await endAll()
  })

  it('is kept as long as the office says', async () => {
    await noteUsed(10)
    expect(await clean({ days: 10 })).toEqual({ notes: 0, files: 0 })
    expect(await clean({ days: 9 })).toEqual({ notes: 1, files: 2 })
  })
})

describe('a file that no note knows', () => {
  it.each([
    ['abc.mp3.4711.tmp', 25, false],
    ['abc.mp3.4711.tmp', 23, true],
    ['abc.mp3', 25, false],
    ['abc.ogg', 23, true],
  ])('%s of %i hours ago: kept %s', async (name, hours, kept) => {
    await noteUsed(0)
    put(name, hours)
    expect(await clean()).toEqual({ notes: 0, files: kept ? 0 : 1 })
    expect(filesThere()).toHaveLength(kept ? 3 : 2)
  })

  it('is removed half-written beside the whole files of a note that is used', async () => {
    const id = await noteUsed(0)
    const [whole] = filesThere()
    put(`${whole}.4711.tmp`, 25)
    expect(await clean()).toEqual({ notes: 0, files: 1 })
    expect(await onRecord()).toEqual([id])
    expect(filesThere()).toHaveLength(2)
  })
})

function clean(options: { days?: number; now?: number } = {}) {
  const { db, dir } = recording
  return cleanNotes({ db, dir, now: NOW, today: TODAY, ...options })
}

async function noteUsed(daysAgo: number): Promise<number> {
  const { id } = await rows.record()
  await recording.db.write(async (tx) => {
    await tx.update(tx.t.voice_notes).set({ last_used_on: addDays(TODAY, -daysAgo) })
  })
  return id
}

async function onRecord(): Promise<number[]> {
  const { voice_notes } = recording.db.t
  const found = await recording.db.read.select({ id: voice_notes.id }).from(voice_notes)
  return found.map(({ id }) => id)
}

async function endAll(): Promise<void> {
  await recording.db.write(async (tx) => {
    await tx.update(tx.t.deliveries).set({ state: 'delivered' })
  })
}

function put(name: string, hoursAgo: number): void {
  const path = join(recording.dir, name)
  writeFileSync(path, 'half')
  const at = (NOW - hoursAgo * HOUR) / 1000
  utimesSync(path, at, at)
}

function filesThere(): string[] {
  return readdirSync(recording.dir)
}
