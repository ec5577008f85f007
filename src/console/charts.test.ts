import { describe, expect, it } from 'vitest'
import { barChart, shareChart, stackedChart } from './charts.ts'

const told = { name: 'c', title: 'T & <b>', description: '"D"' }

describe('a bar chart', () => {
  it('is as long as the value, and never invisible for one that is there', () => {
    const svg = barChart({
      ...told,
      bars: [
        { label: 'a', value: 1000, text: '1.000' },
        { label: 'b', value: 500, text: '500' },
        { label: 'c', value: 1, text: '1' },
        { label: 'd', value: 0, text: '0' },
      ],
    })
    expect([...svg.matchAll(/width="([\d.]+)" height="13"/g)].map((match) => Number(match[1]))).toEqual([
      250, 125, 1.5, 0,
    ])
  })

  it('is drawn where everything is 0', () => {
    expect(barChart({ ...told, bars: [{ label: 'a', value: 0, text: '0' }] })).not.toMatch(/NaN|undefined/)
  })

  it('escapes and shortens names, and keeps nothing that turns the direction', () => {
    const svg = barChart({ ...told, bars: [{ label: `<script>\u202E${'x'.repeat(300)}`, value: 1, text: '1' }] })
    expect(svg).toContain('&lt;script&gt; xxx')
    expect(svg).not.toMatch(/<script|\u202E|x{60}/)
    expect(svg).toContain('<title id="c-title">T &amp; &lt;b&gt;</title>')
  })
})

describe('a chart of shares', () => {
  const step = (share: number | null, of: number) => ({ label: 'Jan', share, of, text: 'x' })

  it('has a gap, not 0 %, where there is no share', () => {
    const svg = shareChart({ ...told, steps: [step(1, 4), step(null, 0), step(0, 2)] })
    expect([...svg.matchAll(/<circle/g)]).toHaveLength(2)
    expect(/<path d="([^"]*)"/.exec(svg)![1]!.match(/M/g)).toHaveLength(2)
    expect(svg).not.toMatch(/NaN|null/)
  })

  it('names no more steps than have room', () => {
    const svg = shareChart({ ...told, steps: Array.from({ length: 60 }, () => step(0.5, 3)) })
    expect([...svg.matchAll(/Jan/g)]).toHaveLength(12)
    expect([...svg.matchAll(/<circle/g)]).toHaveLength(60)
  })

  it('is drawn without any step', () => {
    expect(shareChart({ ...told, steps: [] })).not.toMatch(/NaN|undefined|null/)
  })
})

describe('a stacked chart', () => {
  it('puts each part on the one below it, each with a pattern of its own', () => {
    const svg = stackedChart({
      ...told,
      parts: ['a', 'b', 'c', 'd'],
      steps: [
        { label: 'Jan', values: [2, 1, 0, 1] },
        { label: 'Feb', values: [0, 0, 0, 0] },
      ],
    })
    const column = svg.slice(svg.indexOf('>d</text>'))
    const rects = [...column.matchAll(/y="([\d.]+)" width="[\d.]+" height="([\d.]+)" ([^/]*)/g)]
    expect(rects.map((match) => [Number(match[1]), Number(match[2])])).toEqual([
      [130, 70],
      [95, 35],
      [60, 35],
    ])
    expect(rects.map((match) => match[3])).toEqual([
      'class="chart-part-0 chart-edge-0"',
      'fill="url(#c-1)" class="chart-edge-1"',
      'class="chart-ground chart-edge-3"',
    ])
    expect(svg).toContain('>4</text>')
  })
})
