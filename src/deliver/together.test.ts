import { setImmediate as nextTurn } from 'node:timers/promises'
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

  it('waits for more as long as each turn of the loop brings some', async () => {
    const batches: string[][] = []
    const work = new Together(async (letters: string[]) => {
      batches.push(letters)
      return letters
    })
    const { promise: all, resolve } = Promise.withResolvers<void>()
    setImmediate(() => {
      void work.add('b')
      setImmediate(() => void work.add('c').then(() => resolve()))
    })
    void work.add('a')
    await all
    expect(batches).toEqual([['a', 'b', 'c']])
  })

  it('waits for more as long as it is told to', async () => {
    const batches: number[][] = []
    const work = new Together(
      async (numbers: number[]) => {
        batches.push(numbers)
        return numbers
      },
      { gatherMs: 20 },
    )
    const first = work.add(1)
    await nextTurn()
    await nextTurn()
    await Promise.all([first, work.add(2)])
    expect(batches).toEqual([[1, 2]])
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
