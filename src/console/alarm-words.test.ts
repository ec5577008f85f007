import { describe, expect, it } from 'vitest'
import { alarmWords } from './alarm-words.ts'
import { loadWords } from './words.ts'

const words = await loadWords()
const kinds = [
  'carrier',
  'account',
  'route',
  'defect',
  'speech',
  'budget',
  'balance',
  'holidays',
  'lost',
  'mail',
  'disk',
  'database',
]

describe('the words of an alarm', () => {
  it.each(kinds)('say of %s what happened and what to do, in words of its own', (kind) => {
    const { is, todo } = alarmWords(words.id, { kind, detail: 'x', language: 'id' })
    expect([is, todo]).toEqual([words.id(`alarmIs.${kind}`), words.id(`alarmDo.${kind}`)])
  })

  it('name the duty of a family of kinds', () => {
    const failed = alarmWords(words.id, { kind: 'duty:overstay', detail: 'TypeError', language: 'id' })
    expect(failed).toMatchObject({ name: 'Pekerjaan gagal: Kasus overstay', told: 'TypeError' })
    expect(failed.is).toContain('"Kasus overstay"')
    expect(alarmWords(words.en, { kind: 'silence:webhooks', detail: '3', language: 'en' }).name).toBe('No receipts')
  })

  it('are never wanting for a kind that is new', () => {
    expect(alarmWords(words.en, { kind: 'flood', detail: '', language: 'en' })).toEqual({
      name: 'Alarm: flood',
      is: words.en('alarmIs.other'),
      told: null,
      todo: words.en('alarmDo.other'),
    })
  })

  it('say a carrier’s code in a sentence', () => {
    expect(alarmWords(words.en, { kind: 'account', detail: 'account:20003', language: 'en' }).told).toMatch(
      /^20003: \w/,
    )
  })
})
