import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addDays, type CivilDate, civilDate } from '../lib/civil-date.ts'
import { loadOffice, type Office, stagesFor } from '../lib/office.ts'
import { noticeDue, stageOfTheDay } from './stages.ts'

const office = await loadOffice(join(import.meta.dirname, '../../templates/office.yaml'))
const expiresOn = civilDate('2026-06-30')

describe('the stage of the day', () => {
  it.each([
    ['ITK', 15, null],
    ['ITK', 14, 14],
    ['ITK', 13, 14],
    ['ITK', 8, 14],
    ['ITK', 7, 7],
    ['ITK', 4, 7],
    ['ITK', 3, 3],
    ['ITK', 2, 3],
    ['ITK', 1, 1],
    ['ITK', 0, 1],
    ['ITK', -1, -1],
    ['ITK', -6, -1],
    ['ITK', -7, -7],
    ['ITK', -14, -7],
    ['ITK', -15, null],
    ['ITK', -400, null],
    ['ITAS', 61, null],
    ['ITAS', 60, 60],
    ['ITAS', 15, 60],
    ['ITAS', 14, 14],
    ['unknown', 60, null],
    ['unknown', 14, 14],
  ])('%s with %i days left is %s', (kind, daysLeft, expected) => {
    expect(stageOn(office, kind, expiresOn, addDays(expiresOn, -daysLeft))).toBe(expected)
  })

  it.each([
    ['2028-02-29', '2028-02-15', 14],
    ['2028-03-14', '2028-02-29', 14],
    ['2027-03-01', '2027-02-22', 7],
    ['2028-02-29', '2028-03-01', -1],
    ['2027-01-07', '2026-12-31', 7],
    ['2026-12-31', '2027-01-01', -1],
    ['2027-01-01', '2027-01-01', 1],
  ])('%s seen on %s is %s', (expiresOn, today, expected) => {
    expect(stageOn(office, 'ITK', civilDate(expiresOn), civilDate(today))).toBe(expected)
  })

  it('has no overstay stage where policy has none', () => {
    const quiet: Office = { ...office, overstay: new Map() }
    expect(stageOn(quiet, 'ITK', expiresOn, addDays(expiresOn, 3))).toBeNull()
  })
})

describe('the notices of a cycle, scanned day by day', () => {
  const everyDay = range(70, -20)

  it.each<[string, string, number[], number[]]>([
    ['an ITK, every day', 'ITK', everyDay, [14, 7, 3, 1, -1, -7]],
    ['an ITAS, every day', 'ITAS', everyDay, [60, 14, 7, 3, 1, -1, -7]],
    ['a kind nobody knows, every day', 'Z9', everyDay, [14, 7, 3, 1, -1, -7]],
    ['down for 1 day, on stage 14', 'ITK', without(everyDay, 14, 14), [14, 7, 3, 1, -1, -7]],
    ['down for 1 day, on stage 1', 'ITK', without(everyDay, 1, 1), [14, 7, 3, 1, -1, -7]],
    ['down for 3 days, over stage 7', 'ITK', without(everyDay, 8, 6), [14, 7, 3, 1, -1, -7]],
    ['down for 3 days, over stages 3 and 1', 'ITK', without(everyDay, 3, 1), [14, 7, 1, -1, -7]],
    ['down for 20 days, from 16 left', 'ITK', without(everyDay, 16, -3), [-1, -7]],
    ['down for 20 days, from 20 left', 'ITK', without(everyDay, 20, 1), [1, -1, -7]],
    ['down for 20 days, over the end', 'ITK', without(everyDay, 2, -17), [14, 7, 3]],
    ['registered 13 days before', 'ITK', range(13, 0), [14, 7, 3, 1]],
    ['registered 3 days before: 3, nothing, 1, nothing', 'ITK', range(3, 0), [3, 1]],
    ['registered 1 day before', 'ITK', range(1, 0), [1]],
    ['registered on the last day', 'ITK', range(0, 0), [1]],
  ])('%s', (_, kind, scans, expected) => {
    expect(run(kind, scans).map(({ stage }) => stage)).toEqual(expected)
  })

  it('for someone registered 3 days before are 3, nothing, 1, nothing', () => {
    expect(run('ITK', range(3, 0)).map(({ daysLeft }) => daysLeft)).toEqual([3, 1])
  })

  it('create nothing more when a day is scanned twice', () => {
    expect(run('ITK', [14, 14, 13, 13])).toHaveLength(1)
  })
})

describe('the plan of a notice', () => {
  it.each<[string, number, number[], number]>([
    ['the first of all', 14, [], 14],
    ['the second', 7, [14], 7],
    ['late, at 3', 3, [], 14],
    ['late, at 1', 1, [], 14],
    ['the second of someone who came late', 1, [3], 1],
    ['an ITAS at 60', 60, [], 60],
    ['an ITAS at 14, told at 60', 14, [60], 14],
    ['an ITAS at 7, told at 60 alone', 7, [60], 14],
    ['the first of all, an overstay', -1, [], 14],
    ['an overstay of someone who was told', -1, [14, 7], -1],
  ])('%s', (_, stage, existingStages, planStage) => {
    expect(noticeDue({ office, kind: 'ITAS', stage, existingStages })).toMatchObject({
      reason: 'due',
      stage,
      planStage,
    })
  })

  it('of a late registrant has the voice note', () => {
    const decision = noticeDue({ office, kind: 'ITK', stage: 1, existingStages: [] })
    expect(decision).toMatchObject({ plan: { channels: ['sms', 'voice'], to: ['resident'] } })
  })

  it('is that of 14 again when the notice of 14 was never attempted', () => {
    const decision = noticeDue({ office, kind: 'ITK', stage: 7, existingStages: [14], untoldStages: [14] })
    expect(decision).toMatchObject({ reason: 'due', stage: 7, planStage: 14 })
  })
})

describe('no notice', () => {
  const cycle = { office, kind: 'ITK', existingStages: [14, 7, 3] }

  it('falls due without a stage', () => {
    expect(noticeDue({ ...cycle, stage: null })).toEqual({ reason: 'none' })
  })

  it.each([3, 7, 14])('is created at %i once one at or below it is there', (stage) => {
    expect(noticeDue({ ...cycle, stage })).toEqual({ reason: 'already' })
  })

  it.each(['applied', 'leaving'] as const)('goes out at stage 1 to someone who answered %s', (answer) => {
    expect(noticeDue({ ...cycle, stage: 1, answers: ['understood', answer] })).toEqual({ reason: 'answered', answer })
  })

  it('is ended by "understood" or "help"', () => {
    expect(noticeDue({ ...cycle, stage: 1, answers: ['understood', 'help'] })).toMatchObject({ reason: 'due' })
  })

  it('is ended by an answer that its plan does not name', () => {
    expect(noticeDue({ ...cycle, stage: 3, existingStages: [14, 7], answers: ['applied'] }).reason).toBe('due')
  })

  it('is sent for a permit that had ended before it was imported', () => {
    const decision = noticeDue({ ...cycle, existingStages: [], stage: -1, expiredOnImport: true })
    expect(decision).toEqual({ reason: 'expired-on-import' })
  })
})

describe('a cancelled notice', () => {
  it('is reopened while it is still the stage of the day and nothing was attempted', () => {
    expect(noticeDue({ office, kind: 'ITK', stage: 7, existingStages: [14, 7], untoldStages: [7] })).toMatchObject({
      reason: 'reopen',
      stage: 7,
      planStage: 7,
    })
  })

  it('stays cancelled once something was attempted', () => {
    expect(noticeDue({ office, kind: 'ITK', stage: 7, existingStages: [14, 7], untoldStages: [] }).reason).toBe(
      'already',
    )
  })

  it('is reopened for the part that was cancelled, with the plan that it had', () => {
    const cycle = { office, kind: 'ITK', untoldStages: [] }
    const both = { ...cycle, existingStages: [14, 7], reopenStages: [14, 7] }
    expect(noticeDue({ ...both, stage: 7 })).toMatchObject({ reason: 'reopen', stage: 7, planStage: 7 })
    expect(noticeDue({ ...both, stage: 14 })).toEqual({ reason: 'already' })
    const first = { ...cycle, existingStages: [7], reopenStages: [7] }
    expect(noticeDue({ ...first, stage: 7 })).toMatchObject({ reason: 'reopen', planStage: 14 })
  })

  it('is not reopened when a smaller stage is there', () => {
    expect(noticeDue({ office, kind: 'ITK', stage: 7, existingStages: [7, 3], untoldStages: [7] }).reason).toBe(
      'already',
    )
  })

  it('keeps the promise of stage 14 when it is reopened', () => {
    expect(noticeDue({ office, kind: 'ITK', stage: 3, existingStages: [3], untoldStages: [3] })).toMatchObject({
      reason: 'reopen',
      planStage: 14,
    })
  })
})

function stageOn(office: Office, kind: string, expiresOn: CivilDate, today: CivilDate): number | null {
  return stageOfTheDay({ expiresOn, today, stages: stagesFor(office, kind), overstayDays: [...office.overstay.keys()] })
}

function run(kind: string, scans: number[]): { daysLeft: number; stage: number }[] {
  const notices: { daysLeft: number; stage: number }[] = []
  for (const daysLeft of scans) {
    const stage = stageOn(office, kind, expiresOn, addDays(expiresOn, -daysLeft))
    const decision = noticeDue({ office, kind, stage, existingStages: notices.map((notice) => notice.stage) })
    if (decision.reason === 'due') notices.push({ daysLeft, stage: decision.stage })
  }
  return notices
}

function range(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, index) => from - index)
}

function without(days: number[], from: number, to: number): number[] {
  return days.filter((day) => day > from || day < to)
}
