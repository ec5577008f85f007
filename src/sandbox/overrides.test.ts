import { describe, expect, it } from 'vitest'
import { readOverrides } from './overrides.ts'

describe('readOverrides', () => {
  it('takes the defaults where there is no fragment: one retry, only when the connection failed', () => {
    expect(readOverrides('http://a.example/x?y=1')).toEqual({
      url: 'http://a.example/x?y=1',
      readTimeoutMs: 15_000,
      totalTimeoutMs: 15_000,
      retries: 1,
      retryOn: new Set(['ct']),
    })
  })

  it('reads retries, policy and timeouts', () => {
    const { url, retries, retryOn, readTimeoutMs } = readOverrides('http://a.example/x#rc=5&rp=4xx,5xx&rt=300')
    expect({ url, retries, readTimeoutMs }).toEqual({ url: 'http://a.example/x', retries: 5, readTimeoutMs: 300 })
    expect([...retryOn]).toEqual(['4xx', '5xx'])
    expect([...readOverrides('http://a.example/#rp=all').retryOn]).toEqual(['4xx', '5xx', 'ct', 'rt'])
  })

  it.each(['#rc=6', '#rc=x', '#rc='])('ignores a retry count out of range: %s', (fragment) => {
    expect(readOverrides(`http://a.example/${fragment}`).retries).toBe(1)
  })
})
