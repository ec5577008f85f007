import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDays, civilDate } from '../lib/civil-date.ts'
import { buildersFor } from '../overstay/fixture.ts'
import { writeHistory } from '../overstay/report-fixture.ts'
import { reportRoutes } from './report-page.ts'
import { openTestConsole, type TestConsole, type Visitor } from './testing.ts'

const TODAY = civilDate('2026-11-22')
const SCRIPT = '<script>alert(1)</script>'
const ALL = ['/report', '/report/print']
let world: TestConsole
let viewer: Visitor & { name: string }

beforeAll(async () => {
  world = await openTestConsole({ routes: reportRoutes })
  const make = { ...buildersFor(world.db), db: world.db }
  await writeHistory(make, TODAY)
  for (let n = 0; n < 40; n += 1) {
    const text = `${SCRIPT}${'x'.repeat(150)}${n}`
    const resident = await make.resident({ regency: 'Kabupaten Blitar', nationality: text, purpose: text })
    await make.permit(resident.id, addDays(TODAY, 400))
  }
  viewer = await world.signedIn('viewer')
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the report page', () => {
  it('begins with the share, of how many, and how it is counted', async () => {
    const { text } = await viewer.get('/report')
    const plain = plainOf(text)
    expect(plain).toContain(
      'Tahun 2026 Diperpanjang atau meninggalkan Indonesia tepat waktu setelah diberi tahu 57,1% 4 dari 7',
    )
    expect(plain).toContain('satu orang mengubah angka ini 14,3 poin')
    expect(plain).toContain('Tidak dihitung: 1 yang izin barunya terbit sebelum')
    expect(plain).toContain('2 dari semua izin yang berakhir')
    expect(plain).toContain('2 izin dalam periode ini masih berlaku')
    expect(plain).toMatch(/Juni 2026 16 9 1 2 1 0 4 7 57,1%/)
    expect(plain).toMatch(/Januari 2026 0 0 0 0 0 0 0 0 –/)
  })

  it.each([
    ['from=2026-06-01&to=2026-06-30', '4 dari 7'],
    ['from=2025-01-01&to=2025-12-31', 'Belum ada izin yang berakhir'],
    ['from=2026-07-01&to=2026-09-30', 'Belum ada izin yang berakhir'],
  ])('is of the period in its address: %s', async (query, words) => {
    expect(plainOf((await viewer.get(`/report?${query}`)).text)).toContain(words)
  })

  it.each([
    ['from=2026-02-30&to=2026-03-01', '“2026-02-30” bukan tanggal'],
    ['from=%3Cscript%3E&to=2026-03-01', '“&lt;script&gt;” bukan tanggal'],
    ['from=2026-03-02&to=2026-03-01', 'Tukar keduanya'],
    ['to=2026-03-01', 'Isi kedua tanggal'],
    ['from=2001-03-02&to=2026-03-01', 'paling lama 5 tahun'],
  ])('says what is wrong with %s, and keeps the form', async (query, words) => {
    for (const path of [...ALL, '/report.xlsx']) {
      const { status, text } = await viewer.get(`${path}?${query}`)
      expect([path, status]).toEqual([path, 400])
      expect(text).toContain(words)
      expect(text).toContain('id="from"')
    }
  })

  it('stays small and whole whatever the register holds', async () => {
    for (const path of ALL) {
      const { text } = await viewer.get(path)
      expect(text).not.toContain(SCRIPT)
      expect(text).not.toMatch(/\sstyle=|undefined|NaN/)
      expect(plainOf(text)).toContain('26 lainnya')
      expect(Buffer.byteLength(text)).toBeLessThan(100_000)
    }
  })

  it('draws each chart with a title, a description, and names that are its own', async () => {
    const { text } = await viewer.get('/report')
    const charts = [...text.matchAll(/<svg class="chart"[^>]* role="img" aria-labelledby="(\S+) (\S+)">/g)]
    expect(charts.length).toBe(13)
    for (const [, title, description] of charts) {
      expect(text).toContain(`<title id="${title}">`)
      expect(text).toContain(`<desc id="${description}">`)
    }
    const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it("has an officer's own area, says so, and leaves out what cannot be divided", async () => {
    const officer = await world.signedIn('officer', ['Kabupaten Tulungagung'])
    const plain = plainOf((await officer.get('/report')).text)
    expect(plain).toContain('Hanya wilayah Anda: Kabupaten Tulungagung')
    expect(plain).toContain('3 izin berakhir')
    expect(plain).toContain('1 dari 2 izin tinggal')
    expect(plain).not.toContain('Biaya pengiriman')
    expect(plain).not.toContain('Kota Blitar')
  })

  it('goes out as a spreadsheet named after its days', async () => {
    const { headers, text } = await viewer.get('/report.xlsx?from=2026-01-01&to=2026-06-30')
    expect(headers.get('content-disposition')).toBe('attachment; filename="laporan-2026-01-01-2026-06-30.xlsx"')
    expect(text.startsWith('PK')).toBe(true)
  })

  it('speaks English to whoever chose it, and is written to the audit', async () => {
    const { officers, audit } = world.db.t
    await world.db.write(async (tx) => {
      await tx.update(officers).set({ language: 'en' }).where(eq(officers.name, viewer.name))
    })
    const plain = plainOf((await viewer.get('/report')).text)
    expect(plain).toContain('Renewed or left in time after being told 57.1% 4 of 7 stay permits')
    expect(plain).not.toMatch(/report\.[a-z]/)
    expect(await world.db.read.$count(audit, eq(audit.action, 'report.export-xlsx'))).toBeGreaterThan(0)
  })
})

function plainOf(html: string): string {
  return html
    .replaceAll(/<svg.*?<\/svg>/gs, ' ')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
}
