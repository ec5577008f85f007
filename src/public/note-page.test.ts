import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'
import { TODAY } from '../../test/rows.ts'
import { civilDate, instantOf } from '../lib/civil-date.ts'
import { openLog } from '../lib/events.ts'

let office: TestOffice

beforeAll(async () => {
  office = await openTestOffice()
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

const PREVIEW = { 'user-agent': 'WhatsApp/2.23.20.0 A' }

describe('the note page', () => {
  it('says all that matters in the language of the delivery and names nobody', async () => {
    const { token, reference } = await office.rows.tell({
      language: 'en',
      kind: 'ITAS',
      voiceNoteId: (await office.rows.record('en')).id,
    })
    const html = await page(`/n/${token}`)
    for (const part of [
      '<html lang="en" dir="ltr">',
      'Kantor Imigrasi Kelas II Non-TPI Blitar',
      'Friday, 4 December 2026',
      'Sunday, 6 December 2026',
      '13 days left',
      'Limited stay permit (ITAS)',
      reference,
      '<audio controls',
      'Your stay permit card',
      'href="tel:+62342554759"',
      'https://www.google.com/maps/',
      'Monday – Thursday',
      'How to recognise our messages',
      'I have applied',
      `/n/${token}.ics`,
    ]) {
      expect(html, part).toContain(part)
    }
    expect(html).not.toMatch(/Maria|Silva|M\. S\.|\+62812345/)
    expect(Buffer.byteLength(html)).toBeLessThan(30_000)
  })

  it('asks nothing of third parties, runs no script and sets no cookie', async () => {
    const { token } = await office.rows.tell()
    const response = await office.get(`/n/${token}`)
    const html = await response.text()
    expect(html).not.toMatch(/<script|style=|onclick|javascript:/i)
    expect(
      [...html.matchAll(/(?:src|<link[^>]+href)="([^"]+)"/g)]
        .map(([, url]) => url)
        .filter((url) => !url!.startsWith('/')),
    ).toEqual([])
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('private, no-store')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('x-robots-tag')).toContain('noindex')
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none';style-src 'self';img-src 'self';media-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
    )
  })

  it('changes nothing by being looked at, by whomever', async () => {
    const { token, cycleId } = await office.rows.tell()
    for (const method of ['GET', 'HEAD']) {
      for (const path of ['', '?done=understood', '?lang=en', '.ics']) {
        expect((await office.get(`/n/${token}${path}`, { method, headers: PREVIEW })).status).toBe(200)
      }
      expect((await office.get(`/n/${token}/ack`, { method })).status).toBe(404)
    }
    expect(await answersOf(cycleId)).toEqual([])
    expect(await page(`/n/${token}?done=understood`)).not.toContain('role="status"')
  })

  it.each(['understood', 'applied', 'leaving', 'help'] as const)(
    'takes "%s", once, and says thank you',
    async (answer) => {
      const { token, cycleId } = await office.rows.tell({ language: 'en' })
      for (const _ of [1, 2]) {
        const response = await send(`/n/${token}/ack`, { answer })
        expect([response.status, response.headers.get('location')]).toEqual([303, `/n/${token}?done=${answer}`])
      }
      expect(await answersOf(cycleId)).toEqual([`${answer} page resident`])
      const html = await page(`/n/${token}?done=${answer}`)
      expect(html).toMatch(/role="status".*Thank you\./s)
      expect(html).toContain('Your answer: <strong>')
    },
  )

  it('refuses an answer that does not exist', async () => {
    const { token, cycleId } = await office.rows.tell()
    expect((await send(`/n/${token}/ack`, { answer: 'paid' })).status).toBe(400)
    expect((await send(`/n/${token}/ack`, {})).status).toBe(400)
    expect(await answersOf(cycleId)).toEqual([])
  })

  it('shows a sponsor whose permit it is by initials and nationality', async () => {
    const { token, cycleId } = await office.rows.tell({
      role: 'sponsor',
      name: 'Nguyen Van An',
      nationality: 'VN',
      language: 'id',
    })
    const html = await page(`/n/${token}`)
    expect(html).toContain('N. A. · Vietnam')
    expect(html).toContain('WNA yang Anda jamin')
    expect(html).not.toContain('Nguyen')
    await send(`/n/${token}/ack`, { answer: 'help' })
    expect(await answersOf(cycleId)).toEqual(['help page sponsor'])
  })

  it('lists several permits, each with its own dates, and takes the answer for those that were ticked', async () => {
    const first = await office.rows.tell({ language: 'en' })
    const second = await office.rows.tell({ expiresOn: civilDate('2026-12-09'), kind: 'F' }, first.deliveryId)
    const html = await page(`/n/${first.token}`)
    expect(html).toContain('Sunday, 6 December 2026')
    expect(html).toContain('Wednesday, 9 December 2026')
    expect(html.match(/type="checkbox"/g)).toHaveLength(2)
    await send(`/n/${first.token}/ack`, { answer: 'leaving', reference: second.reference })
    expect(await answersOf(first.cycleId)).toEqual([])
    expect(await answersOf(second.cycleId)).toEqual(['leaving page resident'])
    const none = await send(`/n/${first.token}/ack`, { answer: 'help' })
    expect(none.headers.get('location')).toBe(`/n/${first.token}`)
    expect(await answersOf(first.cycleId)).toEqual([])
  })

  it('is in English and Indonesian where there is no template in the language', async () => {
    const { token } = await office.rows.tell({ language: 'sw' })
    const html = await page(`/n/${token}`)
    expect(html.indexOf('<article lang="en"')).toBeGreaterThan(0)
    expect(html.indexOf('<article lang="id"')).toBeGreaterThan(html.indexOf('<article lang="en"'))
    expect(html).toContain('Friday, 4 December 2026')
    expect(html).toContain('Jumat, 4 Desember 2026')
  })

  it('plays only a recording that still holds', async () => {
    const { token } = await office.rows.tell({
      voiceNoteId: (await office.rows.record()).id,
      expiresOn: civilDate('2026-11-25'),
    })
    expect(await page(`/n/${token}`)).toContain('<audio')
    await on(civilDate('2026-11-25'), async () => {
      const html = await page(`/n/${token}`)
      expect(html).not.toContain('<audio')
      expect(html).toContain('Hari ini hari terakhir')
    })
  })
})

describe('the language switch', () => {
  it('is remembered for the one resident to whom the link belongs', async () => {
    const { token, residentId } = await office.rows.tell({ language: 'id' })
    const response = await send(`/n/${token}/language`, { lang: 'en' })
    expect([response.status, response.headers.get('location')]).toEqual([303, `/n/${token}`])
    expect(await chosenBy(residentId)).toBe('en')
    expect(await page(`/n/${token}`)).toContain('<html lang="en"')
    expect(await page(`/n/${token}?lang=id`)).toContain('<html lang="id"')
  })

  it("is for the page alone on a sponsor's link and on one about several residents", async () => {
    const sponsor = await office.rows.tell({ role: 'sponsor' })
    const shared = await office.rows.tell()
    const other = await office.rows.tell({}, shared.deliveryId)
    for (const { token } of [sponsor, shared]) {
      const response = await send(`/n/${token}/language`, { lang: 'en' })
      expect(response.headers.get('location')).toBe(`/n/${token}?lang=en`)
      const html = await page(`/n/${token}?lang=en`)
      expect(html).toContain('<html lang="en"')
      expect(html).toContain('<input type="hidden" name="lang" value="en">')
    }
    for (const { residentId } of [sponsor, shared, other]) expect(await chosenBy(residentId)).toBeNull()
    const answered = await send(`/n/${sponsor.token}/ack`, { answer: 'help', lang: 'en' })
    expect(answered.headers.get('location')).toBe(`/n/${sponsor.token}?lang=en&done=help`)
  })

  it('knows only our languages', async () => {
    const { token, residentId } = await office.rows.tell()
    expect((await send(`/n/${token}/language`, { lang: 'tlh' })).status).toBe(400)
    expect(await chosenBy(residentId)).toBeNull()
    expect(await page(`/n/${token}?lang=tlh`)).toContain('<html lang="id"')
  })
})

describe('a failure', () => {
  it('is logged without the link, the words or the values of the query', async () => {
    const lines: string[] = []
    const log = openLog({ level: 'trace', destination: { write: (line: string) => void lines.push(line) } })
    await using broken = await openTestOffice({
      log,
      voiceNotes: { find: () => Promise.reject(new Error('Failed query: params: +628123456789')) },
    })
    const { token } = await broken.rows.tell()
    const response = await broken.get(`/n/${token}`)
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('Please try again')
    const logged = lines.join('')
    expect(logged).toContain('/n/:token')
    expect(logged).not.toContain(token)
    expect(logged).not.toContain('628123456789')
  })
})

async function page(path: string): Promise<string> {
  const response = await office.get(path)
  expect(response.status).toBe(200)
  return response.text()
}

function send(path: string, fields: Record<string, string>): Promise<Response> {
  return office.get(path, { method: 'POST', body: new URLSearchParams(fields) })
}

async function on(date: ReturnType<typeof civilDate>, work: () => Promise<void>): Promise<void> {
  office.clock.set(instantOf(date, '08:30', 'Asia/Jakarta'))
  try {
    await work()
  } finally {
    office.clock.set(instantOf(TODAY, '08:30', 'Asia/Jakarta'))
  }
}

async function answersOf(cycleId: number): Promise<string[]> {
  const { acknowledgements } = office.db.t
  const rows = await office.db.read.select().from(acknowledgements).where(eq(acknowledgements.cycle_id, cycleId))
  return rows.map((row) => `${row.answer} ${row.via} ${row.role}`)
}

async function chosenBy(residentId: number): Promise<string | null | undefined> {
  const { residents } = office.db.t
  const [row] = await office.db.read.select().from(residents).where(eq(residents.id, residentId))
  return row?.chosen_language
}
