import { describe, expect, it } from 'vitest'
import { SteppedClock } from '../lib/clock.ts'
import { Scheduler } from './scheduler.ts'

describe('Scheduler', () => {
  it('is idle once all background work is done', async () => {
    using scheduler = new Scheduler(new SteppedClock(0))
    const done: string[] = []
    scheduler.run(async () => {
      await scheduler.pause(2)
      done.push('first')
      scheduler.run(async () => {
        await scheduler.pause(1)
        done.push('started by the first')
      })
    })
    await scheduler.idle()
    expect(done).toEqual(['first', 'started by the first'])
  })

  it('does not wait for what waits for the clock, and wakes it in the order of its instants', async () => {
    const clock = new SteppedClock(0)
    using scheduler = new Scheduler(clock)
    const woken: number[] = []
    for (const at of [300, 100, 200]) {
      scheduler.run(async () => {
        await scheduler.until(at)
        woken.push(at)
      })
    }
    await scheduler.idle()
    expect(woken).toEqual([])
    clock.set(250)
    await scheduler.idle()
    expect(woken).toEqual([100, 200])
    clock.set(300)
    await scheduler.idle()
    expect(woken).toEqual([100, 200, 300])
  })

  it('brings out of idle what background work threw', async () => {
    using scheduler = new Scheduler(new SteppedClock(0))
    scheduler.run(async () => {
      throw new Error('a defect')
    })
    await expect(scheduler.idle()).rejects.toThrow('a defect')
    await scheduler.idle()
  })

  it('drops what still waits when it is closed', async () => {
    const scheduler = new Scheduler(new SteppedClock(0))
    const reached: string[] = []
    scheduler.run(async () => {
      await scheduler.until(10)
      reached.push('until')
    })
    scheduler.run(async () => {
      await scheduler.pause(60_000)
      reached.push('pause')
    })
    scheduler[Symbol.dispose]()
    await scheduler.idle()
    expect(reached).toEqual([])
  })
})
