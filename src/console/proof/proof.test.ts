import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { desc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DeliveryState } from '../../db/schema.ts'
import { storeReceipt } from '../../deliver/receipts.ts'
import { addDays, civilDate, instantOf } from '../../lib/civil-date.ts'
import { buildersFor } from '../../overstay/fixture.ts'
import { type ReadPdf, readPdf } from '../pdf/testing.ts'
import { routes } from '../routes.ts'
import { openTestConsole, type TestConsole } from '../testing.ts'

const TODAY = civilDate('2026-11-22')
const HOSTILE = `<script>alert(1)</script> \u202Egnp.exe\u202C =HYPERLINK("x") \u0007 ${'N'.repeat(300)}`

let world: TestConsole
let add: ReturnType<typeof buildersFor>

beforeAll(async () => {
  world = await openTestConsole({ routes })
  add = buildersFor(world.db)
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the proof of notice of a permit without a case', () => {
  let pdf: ReadPdf
  let text: string

  beforeAll(async () => {
    const resident = await add.resident({
      full_name: HOSTILE,
      nationality: 'SA',
      language: 'ar',
      phone: '+6281234567890',
    })
    const permit = await add.permit(resident.id, addDays(TODAY, 3))
    const cycle = await add.cycle(permit)
    const [fourteen, seven] = [await add.notice(cycle, 14), await add.notice(cycle, 7)]
    await tell(fourteen, { state: 'delivered', sid: 'SMdelivered', words: 'كلمة '.repeat(320), signed: true })
    await tell(fourteen, { channel: 'call', state: 'delivered', sid: 'CAheard', words: 'مرحبا', recording: 'same' })
    await tell(seven, { state: 'sent', sid: 'SMsent', words: null })
    const asked = { kind: 'message' as const, sid: 'SMsent', status: 'sent', errorCode: null, attemptId: null }
    await storeReceipt(world.db, { ...asked, raw: {}, signature: 'poll' }, morning(6))
    await tell(seven, { channel: 'whatsapp', state: 'uncertain', sid: null, words: 'hi' })
    await tell(await add.notice(cycle, 3), {
      channel: 'call',
      state: 'exhausted',
      sid: 'CAbusy',
      words: 'x',
      recording: 'other',
    })
    await tell(await add.notice(cycle, 1), {
      channel: 'call',
      state: 'queued',
      sid: null,
      words: null,
      recording: 'gone',
    })
    await add.optOut('+6281234567890', ['sms'])
    await add.hold(resident.id, { note: 'punya bukti', set_at: morning(1) })
    await add.answer(cycle.id, { answer: 'understood', at: morning(2), role: 'sponsor', via: 'page' })
    pdf = await fetchPdf('viewer', `/permits/${permit.id}/proof.pdf`)
    text = pdf.pages.join('\n')
  })

  it('has letterhead, pages, maker, time and place in the audit', async () => {
    expect(pdf.pages.length).toBeGreaterThan(3)
    expect(pdf.pages[0]).toContain('Kantor Imigrasi Kelas II Non-TPI Blitar')
    expect(pdf.pages[0]).toContain('BUKTI PEMBERITAHUAN BERAKHIRNYA IZIN TINGGAL')
    const { audit } = world.db.t
    const [newest] = await world.db.read.select().from(audit).orderBy(desc(audit.id)).limit(1)
    expect(newest).toMatchObject({ action: 'permit.proof', subject_kind: 'permit' })
    for (const [at, page] of pdf.pages.entries()) {
      expect(page).toContain(`Halaman ${at + 1} dari ${pdf.pages.length}`)
      expect(page).toMatch(/dibuat 22 November 2026 08\.30\.00 oleh viewer\d/)
      expect(page).toContain(`Rantai audit: ${newest!.hash}`)
    }
    expect(text).toContain('Asia/Jakarta, WIB')
  })

  it('says no more than is known of each delivery', () => {
    expect(squeezed(text)).toContain('4 pemberitahuan, 6 pengiriman; 2 di antaranya terkonfirmasi sampai.')
    expect(squeezed(text)).toContain('1 pengiriman belum pasti: tidak diketahui apakah sampai.')
    for (const sentence of [
      'Sampai di telepon menurut operator',
      'Didengar sampai selesai',
      'Terkirim ke operator, belum ada tanda terima.',
      'Belum pasti: sambungan ke operator terputus waktu mengirim.',
      'Tidak sampai; tidak dicoba lagi.',
      'Belum terkirim; menunggu, paling cepat',
      'Isi pesan tidak lagi disimpan',
      'oleh pemegang telepon/tautan penjamin, lewat halaman',
      'Menolak SMS ke +62 812 3456 7890 (di loket)',
      'Pengecualian dipasang: Permohonan sudah diajukan dan dibayar, oleh sri: punya bukti',
    ])
      expect(squeezed(text)).toContain(sentence)
  })

  it('names the hash of each recording, and says when the file is another one', () => {
    for (const key of ['same', 'other', 'gone']) {
      expect(text.replaceAll('\n', '')).toContain(digestOf(`mp3 ${key}`))
      expect(text.replaceAll('\n', '')).toContain(digestOf(`ogg ${key}`))
    }
    const flat = squeezed(text)
    expect(flat.split('Berkas masih ada; sidik jarinya dihitung ulang dan sama.')).toHaveLength(4)
    expect(flat.split('TIDAK sama dengan yang tercatat')).toHaveLength(2)
    expect(text.replaceAll('\n', '')).toContain(digestOf('tampered'))
    expect(flat.split('Berkas tidak lagi disimpan')).toHaveLength(3)
  })

  it('shows the words as they were sent, and hostile names as they are', () => {
    expect([...pdf.actualTexts.join('')].filter((letter) => letter === 'ك').length).toBeGreaterThanOrEqual(320)
    expect(squeezed(text)).toContain('<script>alert(1)</script> ‹U+202E›gnp.exe‹U+202C› =HYPERLINK("x") ‹U+0007›')
    expect(text.match(/N/g)!.length).toBeGreaterThan(300)
  })

  it('has the raw receipts in its annex and as a file', () => {
    expect(squeezed(text)).toContain('"MessageSid": "SMdelivered", "MessageStatus": "delivered"')
    expect(squeezed(text)).toContain('"Note": "\\u0643 \\u202e"')
    const asked =
      'Ditanyakan sendiri oleh kantor kepada operator; tanpa tanda tangan. "sid": "SMsent", "status": "sent"'
    expect(squeezed(text)).toContain(asked)
    expect(squeezed(text)).toContain('tanda terima pesan: terkirim tidak ada (ditanyakan oleh kantor)')
    const file = JSON.parse(Buffer.from(pdf.attachments.get('tanda-terima.json')!).toString())
    expect(file.receipts[0]).toEqual({
      number: 1,
      sid: 'SMdelivered',
      kind: 'message',
      status: 'delivered',
      received_at: new Date(morning(14)).toISOString(),
      polled: false,
      url: 'https://pesan.example/twilio/status?attempt=1',
      x_twilio_signature: 'c2lnbmF0dXJl',
      parameters: { MessageSid: 'SMdelivered', MessageStatus: 'delivered', Note: 'ك \u202E' },
    })
  })
})

describe('the proof of notice', () => {
  it('of a case is that of its permit, in English for who reads English, and has nothing of others', async () => {
    const resident = await add.resident({ full_name: 'Anna Berg' })
    const permit = await add.permit(resident.id, addDays(TODAY, -3))
    const other = await add.permit(resident.id, addDays(TODAY, -300), { permit_no: 'OLD', is_current: 0 })
    const cycle = await add.cycle(permit)
    await tell(await add.notice(await add.cycle(other), 14), { state: 'delivered', sid: 'SMold', words: 'old words' })
    await tell(await add.notice(cycle, 14), { state: 'failed', sid: 'SMfailed', words: 'new words' })
    const caseId = await caseOf(cycle)
    const { pages } = await fetchPdf('officer', `/cases/${caseId}/proof.pdf`, { language: 'en' })
    const text = squeezed(pages.join('\n'))
    expect(text).toContain('PROOF OF NOTICE OF THE END OF A STAY PERMIT')
    expect(text).toContain(`Page 1 of ${pages.length}`)
    expect(text).toContain('Anna Berg')
    expect(text).toContain(`Case ${caseId}: Verify (Open)`)
    expect(text).toContain('No notice, answer or contact is confirmed to have reached this person or the sponsor.')
    expect(text).toContain('new words')
    expect(text).not.toContain('old words')
  })

  it('says so when nothing was ever sent', async () => {
    const resident = await add.resident()
    const permit = await add.permit(resident.id, addDays(TODAY, 200))
    const { pages } = await fetchPdf('viewer', `/permits/${permit.id}/proof.pdf`)
    const text = squeezed(pages.join('\n'))
    expect(text).toContain('Untuk izin ini tidak ada pemberitahuan yang dibuat.')
    expect(text).toContain('Belum ada tanda terima dari operator.')
  })

  it('holds sixty receipts, none of them torn apart', async () => {
    const resident = await add.resident()
    const permit = await add.permit(resident.id, addDays(TODAY, 1))
    const notice = await add.notice(await add.cycle(permit), 14)
    await tell(notice, { state: 'delivered', sid: 'SMsixty', words: 'x', signed: true })
    for (let n = 0; n < 59; n += 1) await receive('SMsixty', `again-${n}`, morning(14) + n)
    const { pages } = await fetchPdf('viewer', `/permits/${permit.id}/proof.pdf`)
    expect(pages.join('\n').match(/^R\d+ · /gm)).toHaveLength(60)
    for (const page of pages) {
      const heads = page.match(/^R\d+ · /gm) ?? []
      expect(page.match(/X-Twilio-Signature: /g) ?? []).toHaveLength(heads.length)
    }
  })

  it('is only for the area of the officer, and its address and name tell nothing', async () => {
    const resident = await add.resident({ full_name: 'Elsewhere', regency: 'Kabupaten Tulungagung' })
    const permit = await add.permit(resident.id, addDays(TODAY, 1))
    const caseId = await caseOf(await add.cycle(permit))
    const visitor = await world.signedIn('officer', ['Kota Blitar'])
    for (const path of [`/permits/${permit.id}/proof.pdf`, `/cases/${caseId}/proof.pdf`, '/permits/999999/proof.pdf']) {
      expect((await visitor.get(path)).status).toBe(404)
    }
    const { headers, text } = await (await world.signedIn('viewer')).get(`/permits/${permit.id}/proof.pdf`)
    expect(text.slice(0, 5)).toBe('%PDF-')
    expect(headers.get('content-type')).toBe('application/pdf')
    expect(headers.get('cache-control')).toBe('private, no-store')
    expect(headers.get('content-disposition')).toBe(`attachment; filename="bukti-pemberitahuan-izin-${permit.id}.pdf"`)
  })

  it('is to be had from the pages of the person and of the case', async () => {
    const resident = await add.resident()
    const permit = await add.permit(resident.id, addDays(TODAY, -1))
    const caseId = await caseOf(await add.cycle(permit))
    const visitor = await world.signedIn('viewer')
    expect((await visitor.get(`/residents/${resident.id}`)).text).toContain(`href="/permits/${permit.id}/proof.pdf"`)
    expect((await visitor.get(`/cases/${caseId}`)).text).toContain(`href="/cases/${caseId}/proof.pdf"`)
  })
})

type Telling = {
  state: DeliveryState
  channel?: 'sms' | 'call' | 'whatsapp'
  role?: 'resident' | 'sponsor'
  sid: string | null
  words: string | null
  signed?: boolean
  /** Whether the file is the one on record, another one, or gone. */
  recording?: 'same' | 'other' | 'gone'
}

async function tell(
  notice: { id: number; stage: number; created_on: ReturnType<typeof civilDate> },
  { state, channel = 'sms', role = 'resident', sid, words, signed, recording }: Telling,
): Promise<void> {
  const at = morning(notice.stage)
  const delivery = await add.delivery(notice, {
    phone: '+6281234567890',
    channel,
    role,
    state,
    at,
    ...(sid && { sid }),
  })
  const voiceNoteId = recording ? await record(recording) : null
  const said =
    channel === 'call'
      ? { channel, text: words, voiceNoteId }
      : channel === 'sms'
        ? { channel, body: words }
        : { channel, text: words }
  await world.db.write(async (tx) => {
    const { attempts, deliveries } = tx.t
    if (voiceNoteId !== null) {
      const voiced = { language: 'ar', voice_note_id: voiceNoteId }
      await tx.update(deliveries).set(voiced).where(eq(deliveries.id, delivery.id))
    }
    if (state === 'queued') return
    await tx.insert(attempts).values({
      delivery_id: delivery.id,
      number: 1,
      channel,
      worker: 'w',
      words: words === null ? null : JSON.stringify(said),
      started_at: at,
      outcome: sid === null ? 'uncertain' : 'accepted',
      sid,
      heard: channel === 'call' && state === 'delivered' ? 1 : null,
    })
  })
  if (signed) await receive(sid!, 'delivered', at)
}

async function receive(sid: string, status: string, at: number): Promise<void> {
  const raw = { MessageSid: sid, MessageStatus: status, Note: 'ك \u202E' }
  const url = 'https://pesan.example/twilio/status?attempt=1'
  const about = { kind: 'message' as const, sid, status, errorCode: null, attemptId: null }
  await storeReceipt(world.db, { ...about, raw, signature: 'c2lnbmF0dXJl', url }, at)
}

async function record(key: 'same' | 'other' | 'gone'): Promise<number> {
  for (const format of ['mp3', 'ogg']) {
    const content = key === 'other' && format === 'mp3' ? 'tampered' : `${format} ${key}`
    if (key !== 'gone') writeFileSync(join(world.deps.audioDir, `${key}.${format}`), content)
  }
  return world.db.write(async (tx) => {
    const [row] = await tx
      .insert(tx.t.voice_notes)
      .values({
        content_key: key,
        token: key,
        language: 'ar',
        spoken: 'ar',
        engine: 'espeak',
        voices: 'ar',
        characters: 1,
        milliseconds: 9_000,
        mp3_bytes: 1,
        mp3_digest: digestOf(`mp3 ${key}`),
        ogg_bytes: 1,
        ogg_digest: digestOf(`ogg ${key}`),
        created_at: 0,
        last_used_on: TODAY,
      })
      .returning({ id: tx.t.voice_notes.id })
    return row!.id
  })
}

async function caseOf(cycle: {
  id: number
  permit_id: number
  resident_id: number
  expires_on: typeof TODAY
}): Promise<number> {
  return world.db.write(async (tx) => {
    const { id: cycle_id, permit_id, resident_id, expires_on } = cycle
    const about = { cycle_id, permit_id, resident_id, expires_on, level: 'verify' as const }
    const [row] = await tx
      .insert(tx.t.overstay_cases)
      .values({ ...about, opened_on: TODAY, opened_at: 0 })
      .returning({ id: tx.t.overstay_cases.id })
    return row!.id
  })
}

async function fetchPdf(
  role: 'viewer' | 'officer',
  path: string,
  { language }: { language?: 'en' } = {},
): Promise<ReadPdf> {
  const visitor = await world.signedIn(role)
  if (language) await world.db.write((tx) => tx.update(tx.t.officers).set({ language }))
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(world.console.url + path, { headers: { cookie } })
  if (language) await world.db.write((tx) => tx.update(tx.t.officers).set({ language: 'id' }))
  expect(response.status).toBe(200)
  return readPdf(new Uint8Array(await response.arrayBuffer()))
}

function morning(daysAgo: number): number {
  return instantOf(addDays(TODAY, -daysAgo), '08:00', 'Asia/Jakarta')
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, ' ')
}
