import { describe, expect, it } from 'vitest'
import { mask, shownValue } from './mask.ts'

describe('mask', () => {
  it.each([
    ['A1234567', 'A1•••67'],
    ['+6281234567890', '+6•••90'],
    ['Siti Aminah', 'Si•••ah'],
    ['Jl. Merdeka 17, Blitar', 'Jl•••ar'],
    ['สมชาย ใจดี', 'สม•••จดี'],
    ['A12345', 'A•••5'],
    ['Lee', '•••'],
    ['王小明', '•••'],
    ['', ''],
  ])('shows %j as %j', (value, shown) => {
    expect(mask(value)).toBe(shown)
  })

  it('does not betray the length, and keeps an emoji whole', () => {
    expect(mask('👩‍👩‍👧 Ana Maria 👨‍👩‍👦')).toBe('👩‍👩‍👧 •••\u0020👨‍👩‍👦')
    expect(mask('x'.repeat(9))).toHaveLength(mask('x'.repeat(9_000_000)).length)
  })
})

describe('shownValue', () => {
  it('masks what is personal and shows the rest, shortened', () => {
    expect(shownValue('passport_no', 'A1234567')).toBe('A1•••67')
    expect(shownValue('birth_date', '31/02/1990')).toBe('31•••90')
    expect(shownValue('expires_on', '31/02/2026')).toBe('31/02/2026')
    expect(shownValue('purpose', 'w'.repeat(100))).toBe(`${'w'.repeat(40)}…`)
  })
})
