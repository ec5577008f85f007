import { describe, expect, it } from 'vitest'
import { remembered } from './remembered.ts'

describe('a function that remembers', () => {
  it('works out each answer once, and anew when it has forgotten', () => {
    const asked: string[] = []
    const upper = remembered(
      (text: string) => {
        asked.push(text)
        return text.toUpperCase()
      },
      { most: 2 },
    )
    expect(['a', 'b', 'a', 'b', 'c', 'a'].map(upper)).toEqual(['A', 'B', 'A', 'B', 'C', 'A'])
    expect(asked).toEqual(['a', 'b', 'c', 'a'])
  })
})
