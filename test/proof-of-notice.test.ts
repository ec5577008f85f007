import { join } from 'node:path'
import twilio from 'twilio/lib/webhooks/webhooks.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pdfOf } from '../src/console/pdf/pdf.ts'
import { type ReadPdf, readPdf } from '../src/console/pdf/testing.ts'
import { proofContent } from '../src/console/proof/content.ts'
import { type ProofRecord, proofRecord } from '../src/console/proof/record.ts'
import { sayingFor } from '../src/console/proof/saying.ts'
import { sayingsIn } from '../src/console/say.ts'
import { loadWords } from '../src/console/words.ts'
import { civilDate } from '../src/lib/civil-date.ts'
import { AUTH_TOKEN } from './ground.ts'
import { openWorld, type World } from './world.ts'

const TODAY = civilDate('2026-06-16')

describe('the proof of notice of somebody who was told by SMS and by calls', () => {
  let world: World
  let record: ProofRecord
  let pdf: ReadPdf

  beforeAll(async () => {
    world = await openWorld({ today: '2026-06-01' })
    const about = { full_name: 'Anna Berg', nationality: 'DE', passport_no: 'C01X00T47', language: 'de' }
    const permit = { permit_no: 'P1', permit_kind: 'ITK', issued_on: '2026-04-16', expires_on: '2026-06-15' }
    await world.register([{ ...about, ...permit, phone: '0812-3456-7890' }])
    for (const day of ['2026-06-01', '2026-06-08', '2026-06-12', TODAY]) await world.day(day)
    const { db, office } = world.app
    const scope = { db, office, today: TODAY, officer: { regencies: null }, audioDir: join(world.folder, 'audio') }
    record = await proofRecord(scope, 1)
    const now = world.clock.now()
    const t = loadWords().id
    const saying = sayingFor({ t, sayings: sayingsIn('id', t), language: 'id', office, now })
    const making = { office, officer: { name: 'sri' }, spoken: 'de', writtenIn: () => 'de', now, today: TODAY }
    pdf = await readPdf(await pdfOf(proofContent(record, { ...making, saying })))
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('holds what the carrier signed, as it can be verified again from the paper alone', () => {
    const printed = printedReceipts(pdf.pages.join('\n'))
    expect(printed.length).toBe(record.receipts.length)
    expect(printed.length).toBeGreaterThan(15)
    for (const { url, signature, parameters } of printed) {
      expect([url, twilio.validateRequest(AUTH_TOKEN, signature, url, parameters)]).toEqual([url, true])
      expect(twilio.validateRequest(AUTH_TOKEN, signature, `${url}0`, parameters)).toBe(false)
      expect(twilio.validateRequest(AUTH_TOKEN, signature, url, { ...parameters, To: '+620' })).toBe(false)
    }
  })

  it('holds the same in the file inside the PDF', () => {
    const file = Buffer.from(pdf.attachments.get('tanda-terima.json')!).toString()
    const { receipts } = JSON.parse(file) as {
      receipts: { url: string; x_twilio_signature: string; parameters: Record<string, string> }[]
    }
    expect(receipts).toHaveLength(record.receipts.length)
    for (const { url, x_twilio_signature, parameters } of receipts) {
      expect(twilio.validateRequest(AUTH_TOKEN, x_twilio_signature, url, parameters)).toBe(true)
    }
  })

  it('has the words that reached the phone, and the recording that was played', () => {
    const text = pdf.pages.join('\n').replace(/\s+/g, '')
    for (const { body } of world.sandbox.transcript().filter(({ kind }) => kind === 'sms')) {
      expect(text).toContain(body!.replace(/\s+/g, ''))
    }
    expect(record.audios.length).toBeGreaterThan(0)
    for (const { files } of record.audios) {
      for (const { recorded, now } of files) {
        expect(now).toBe(recorded)
        expect(text).toContain(recorded)
      }
    }
  })
})

/** As somebody would type it off: the address, the signature, and the parameters of each receipt. */
function printedReceipts(text: string) {
  const annex = text.slice(text.lastIndexOf('Lampiran: tanda terima operator'))
  return annex
    .split(/^URL: /m)
    .slice(1)
    .map((part) => {
      const [url = '', signature = ''] = part.split('\nX-Twilio-Signature: ').map((line) => line.split('\n')[0]!.trim())
      const pairs = [...part.matchAll(/("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*")/g)]
      const parameters = Object.fromEntries(pairs.map(([, name, value]) => [JSON.parse(name!), JSON.parse(value!)]))
      return { url, signature, parameters: parameters as Record<string, string> }
    })
}
