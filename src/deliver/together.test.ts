import { describe, expect, it } from 'vitest'
import { Together } from './together.ts'

describe('work that is asked for at the same time', () => {
  it('is done at once, and what comes meanwhile is done after it', async () => {
    const batches: number[][] = []
    const doubled = new Together(async (numbers: number[]) => {
      batches.push(numbers)
      if (batches.length === 1) later.push(doubled.add(9))
      return numbers.map((number) => number * 2)
    })
    const later: Promise<number>[] = []
    expect(await Promise.all([1, 2, 3].map((number) => doubled.add(number)))).toEqual([2, 4, 6])
    expect(await Promise.all(later)).toEqual([18])
    expect(await doubled.add(5)).toBe(10)
    expect(batches).toEqual([[1, 2, 3], [9], [5]])
  })

  it('fails alone where it fails', async () => {
    const work = new Together(async (numbers: number[]) => {
      if (numbers.includes(13)) throw new Error('thirteen')
      return numbers
    })
    const answers = await Promise.allSettled([7, 13, 21].map((number) => work.add(number)))
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual([
      7,
      'Error: thirteen',
      21,
    ])
  })
})
