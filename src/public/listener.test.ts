import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'
import { openPublicListener } from './listener.ts'

let office: TestOffice

beforeAll(async () => {
  office = await openTestOffice({ publicBaseUrl: 'https://pesan.imigrasi.example/pesan/' })
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

describe('the front page', () => {
  it('says in Indonesian and English by what we are recognised', async () => {
    const html = await (await office.get('/')).text()
    for (const part of [
      'lang="id"',
      'lang="en"',
      'IMIBLITAR',
      '+623425550101',
      '+623425550102',
      'pesan.imigrasi.example',
      '(0342) 554759',
    ]) {
      expect(html).toContain(part)
    }
  })

  it('links below the path at which the world sees us', async () => {
    const { token } = await office.rows.tell()
    const html = await (await office.get(`/n/${token}`)).text()
    expect(html).toContain(`action="/pesan/n/${token}/ack"`)
    const links = [...html.matchAll(/(?:href|src|action)="(\/[^"]*)"/g)].map(([, link]) => link!)
    expect(links.filter((link) => !link.startsWith('/pesan/'))).toEqual([])
  })
})

describe('robots', () => {
  it('are sent away', async () => {
    expect(await (await office.get('/robots.txt')).text()).toBe('User-agent: *\nDisallow: /\n')
  })
})

describe('an asset', () => {
  it('is kept for ever under a name that changes with its content', async () => {
    const html = await (await office.get('/')).text()
    const names = [...html.matchAll(/\/pesan(\/assets\/[\w.-]+)/g)].map(([, name]) => name!)
    expect(names).toContainEqual(expect.stringMatching(/^\/assets\/page-[0-9a-f]{12}\.css$/))
    for (const name of names) {
      const response = await office.get(name)
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    }
    expect((await office.get('/assets/page.css')).status).toBe(404)
  })
})

describe('the listener', () => {
  it('answers malformed paths with a plain page', async () => {
    const response = await office.get('/n/%zz')
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('lets the carrier fetch as many sounds as a busy morning of calls asks for', async () => {
    await using hurried = await openTestOffice({ requestsPerMinute: 3 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => hurried.get(`/audio/${'a'.repeat(22)}.mp3`)))
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([404]))
  })

  it('slows down who asks too often, but not the carrier', async () => {
    await using hurried = await openTestOffice({ requestsPerMinute: 3 })
    const statuses: number[] = []
    for (const path of ['/', '/n/x', '/nowhere', '/', '/n/x', '/nowhere'])
      statuses.push((await hurried.get(path)).status)
    expect(statuses).toEqual([200, 404, 404, 429, 429, 429])
    for (const sid of ['SM1', 'SM2', 'SM3', 'SM4']) {
      expect((await hurried.post('/twilio/status', { MessageSid: sid, MessageStatus: 'sent' })).status).toBe(204)
    }
  })

  it('tells people behind a trusted proxy apart, and believes nobody else about it', async () => {
    const statuses = async (trustedProxies: string[]) => {
      await using hurried = await openTestOffice({ requestsPerMinute: 1, trustedProxies })
      const ask = async (from: string) => (await hurried.get('/', { headers: { 'x-forwarded-for': from } })).status
      return [await ask('203.0.113.1'), await ask('203.0.113.2'), await ask('203.0.113.1')]
    }
    expect(await statuses(['127.0.0.1'])).toEqual([200, 200, 429])
    expect(await statuses([])).toEqual([200, 429, 429])
  })

  it('says which address is taken', async () => {
    const { port } = office.listener.address
    const taken = openPublicListener({ ...office.deps, listen: { host: '127.0.0.1', port } })
    await expect(taken).rejects.toThrow(`PUBLIC_LISTEN 127.0.0.1:${port} cannot be listened on`)
  })
})
