import { describe, expect, it } from 'vitest'
import { readMultipart } from './multipart.ts'

const TYPE = 'multipart/form-data; boundary=x'
const part = (head: string, text: string) => `--x\r\n${head}\r\n\r\n${text}\r\n`
const field = (name: string, text: string) => part(`Content-Disposition: form-data; name="${name}"`, text)

function read(body: string | Buffer, type = TYPE) {
  const parts = readMultipart(type, Buffer.from(body as string, 'utf8'))
  return parts?.map(({ name, fileName, bytes }) => [name, fileName, bytes.toString('utf8')])
}

describe('a form with files', () => {
  it('is read as browsers write it', async () => {
    const form = new FormData()
    form.set('csrf', 'abc')
    form.append('box', '1\r\n--x')
    form.append('box', '')
    form.set('a "quoted" näme', 'ü')
    form.set('file', new File([new Uint8Array([0, 13, 10, 45, 45, 255])], 'a "b"\r\nć.csv'))
    const request = new Request('http://localhost', { method: 'POST', body: form })
    const parts = readMultipart(request.headers.get('content-type')!, Buffer.from(await request.arrayBuffer()))!
    expect(parts.map(({ name, fileName }) => [name, fileName])).toEqual([
      ['csrf', undefined],
      ['box', undefined],
      ['box', undefined],
      ['a "quoted" näme', undefined],
      ['file', 'a "b"\r\nć.csv'],
    ])
    expect(parts[1]!.bytes.toString()).toBe('1\r\n--x')
    expect([...parts[4]!.bytes]).toEqual([0, 13, 10, 45, 45, 255])
  })

  it.each([
    ['a quoted boundary', 'multipart/form-data; charset=utf-8; boundary="x"', `${field('a', 'b')}--x--\r\n`],
    ['no line end at its end', TYPE, `${field('a', 'b')}--x--`],
    ['a part type', TYPE, `${part('Content-Type: text/plain\r\ncontent-disposition: form-data; name="a"', 'b')}--x--`],
  ])('may have %s', (_, type, body) => {
    expect(read(body, type)).toEqual([['a', undefined, 'b']])
  })

  it('tells an empty file field from a text', () => {
    const none = part(
      'Content-Disposition: form-data; name="none"; filename=""\r\nContent-Type: application/octet-stream',
      '',
    )
    expect(read(`${none}--x--`)).toEqual([['none', '', '']])
  })

  it.each([
    ['no boundary', 'multipart/form-data', `${field('a', 'b')}--x--`],
    ['a boundary longer than any', `multipart/form-data; boundary=${'x'.repeat(71)}`, '--x--'],
    ['something before it', TYPE, `y${field('a', 'b')}--x--`],
    ['no end', TYPE, field('a', 'b')],
    ['an end that is cut', TYPE, `${field('a', 'b')}--x-`],
    ['a part without a name', TYPE, `${part('Content-Disposition: form-data', 'b')}--x--`],
    ['a part without a head', TYPE, '--x\r\nb\r\n--x--'],
    ['a name over two lines', TYPE, `${part('Content-Disposition: form-data; name="a\r\nb"', 'b')}--x--`],
    ['a head without end', TYPE, `${part(`Content-Disposition: form-data; name="${'a'.repeat(9000)}"`, 'b')}--x--`],
    ['more parts than any form', TYPE, `${field('a', 'b').repeat(1001)}--x--`],
    ['nothing at all', TYPE, ''],
  ])('is refused with %s', (_, type, body) => {
    expect(read(body, type)).toBeUndefined()
  })
})
