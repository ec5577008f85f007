import { describe, expect, it } from 'vitest'
import { parseXml } from './xml.ts'

describe('parseXml', () => {
  it('reads elements, attributes, text, entities, CDATA and comments', () => {
    const root = parseXml(
      '\uFEFF<?xml version="1.0"?><!-- hi --><Response a=\'1 &gt; 0\'><Say>A &amp; B &#233;&#x4e2d;<![CDATA[<x>]]></Say><Pause length="2"/></Response>',
    )
    expect(root.attributes).toEqual({ a: '1 > 0' })
    expect(root.children.map(({ name }) => name)).toEqual(['Say', 'Pause'])
    expect(root.children[0]?.text).toBe('A & B é中<x>')
    expect(root.children[1]?.attributes).toEqual({ length: '2' })
  })

  it.each([
    ['<Response>', 'not closed'],
    ['<Response></response>', 'unexpected </response>'],
    ['<Response><Say></Response></Say>', 'unexpected </Response>'],
    ['<Response/><Response/>', 'exactly one root'],
    ['text', 'exactly one root'],
    ['', 'exactly one root'],
    ['<Response>a & b</Response>', 'unknown entity'],
    ['<Response>&nbsp;</Response>', 'unknown entity'],
    ['<Response a=1/>', 'malformed tag'],
    ['<Response a="1" a="2"/>', 'attribute a twice'],
    ['<Response', 'unexpected "<"'],
  ])('refuses %s', (text, reason) => {
    expect(() => parseXml(text)).toThrow(reason)
    expect(() => parseXml(text)).toThrow(SyntaxError)
  })
})
