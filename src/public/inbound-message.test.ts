import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, type TestOffice } from '../../test/public-office.ts'
import { optedOut } from '../deliver/opt-outs.ts'

let office: TestOffice
let serial = 0

beforeAll(async () => {
  office = await openTestOffice()
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

describe('a button on WhatsApp', () => {
  it.each(['understood', 'applied', 'leaving', 'help'] as const)(
    '"%s" is an answer of the delivery that it hangs on',
    async (word) => {
      const phone = nextPhone()
      const older = await office.rows.tell({ phone, channel: 'whatsapp' })
      const newer = await office.rows.tell({ phone, channel: 'whatsapp' })
      await office.rows.attempt(older.deliveryId, { sid: `MMtemplate-${word}`, channel: 'whatsapp' })
      const form = { ButtonPayload: word, ButtonText: 'x', OriginalRepliedMessageSid: `MMtemplate-${word}` }
      const sid = await write(phone, form)
      expect(await statusesOf(sid)).toEqual([`reply button:${word}`])
      expect(await answersOf(older.cycleId)).toEqual([`${word} whatsapp`])
      expect(await answersOf(newer.cycleId)).toEqual([])
      expect(office.inbound.at(-1)).toMatchObject({
        did: word,
        deliveryId: older.deliveryId,
        messageSid: sid,
        channel: 'whatsapp',
      })
    },
  )

  it('"listen" asks for the note and acknowledges nothing', async () => {
    const phone = nextPhone()
    const told = await office.rows.tell({ phone, channel: 'whatsapp' })
    await write(phone, { ButtonPayload: 'listen', ButtonText: 'Dengarkan' })
    expect(office.inbound.at(-1)).toMatchObject({ did: 'listen', deliveryId: told.deliveryId })
    expect(await answersOf(told.cycleId)).toEqual([])
  })

  it('counts by its label, too, in any of our languages', async () => {
    const phone = nextPhone()
    const told = await office.rows.tell({ phone, channel: 'whatsapp', language: 'en' })
    await write(phone, { ButtonText: 'I understand' })
    await write(phone, { Body: '  saya   MENGERTI. ' })
    expect(await answersOf(told.cycleId)).toEqual(['understood whatsapp'])
  })

  it('pressed by another number than the one that was told is not an answer to it', async () => {
    const told = await office.rows.tell({ phone: nextPhone(), channel: 'whatsapp' })
    await office.rows.attempt(told.deliveryId, { sid: 'MMother', channel: 'whatsapp' })
    await write(nextPhone(), { ButtonPayload: 'understood', OriginalRepliedMessageSid: 'MMother' })
    expect(await answersOf(told.cycleId)).toEqual([])
    expect(office.inbound.at(-1)?.deliveryId).toBeNull()
  })

  it('that comes twice is told once', async () => {
    const phone = nextPhone()
    const told = await office.rows.tell({ phone, channel: 'whatsapp' })
    const before = office.inbound.length
    for (const _ of [1, 2]) await write(phone, { ButtonPayload: 'listen', MessageSid: 'SMtwice' })
    expect(office.inbound.length).toBe(before + 1)
    for (const _ of [1, 2]) await write(phone, { ButtonPayload: 'help', MessageSid: 'SMtwice2' })
    expect(await answersOf(told.cycleId)).toEqual(['help whatsapp'])
  })
})

describe('stop and start', () => {
  it.each([
    'BERHENTI',
    'batal',
    'Stop',
    'UNSUBSCRIBE',
    'end',
    'QUIT',
    'STOPALL',
    'REVOKE',
    'optout',
    'cancel',
    ' Stop. ',
  ])('"%s" ends WhatsApp for that number', async (Body) => {
    const phone = nextPhone()
    const sid = await write(phone, { Body })
    expect(await statusesOf(sid)).toEqual(['reply optout'])
    expect(await endedFor(phone)).toEqual(['whatsapp'])
  })

  it.each(['START', 'mulai'])('"%s" opens it again, and a late repeat of stop does not end it', async (Body) => {
    const phone = nextPhone()
    const stop = await write(phone, { Body: 'stop' })
    office.clock.advance(60_000)
    await write(phone, { Body })
    expect(await endedFor(phone)).toEqual([])
    office.clock.advance(60_000)
    await write(phone, { Body: 'stop', MessageSid: stop })
    expect(await endedFor(phone)).toEqual([])
  })

  it('by SMS ends SMS', async () => {
    const phone = nextPhone()
    await write(phone, { Body: 'STOP', From: phone })
    expect(await endedFor(phone)).toEqual(['sms'])
  })
})

describe('words of their own', () => {
  it('are kept, sealed, and answered with nothing', async () => {
    const phone = nextPhone()
    const told = await office.rows.tell({ phone, channel: 'whatsapp' })
    const sid = await write(phone, { Body: 'Saya mau bertanya, kapan kantor buka? Stop di mana?' })
    expect(await statusesOf(sid)).toEqual(['reply text'])
    expect(await endedFor(phone)).toEqual([])
    expect(office.inbound.at(-1)).toMatchObject({ did: 'text', deliveryId: told.deliveryId })
  })

  it('without a sender are refused', async () => {
    expect((await office.post('/twilio/message', { MessageSid: 'SMx', Body: 'x' })).status).toBe(400)
  })
})

function nextPhone(): string {
  serial += 1
  return `+62813${String(5_550_000 + serial)}`
}

async function write(phone: string, form: Record<string, string>): Promise<string> {
  serial += 1
  const fields = {
    MessageSid: `SMin${serial}`,
    From: `whatsapp:${phone}`,
    To: 'whatsapp:+623425550102',
    Body: '',
    ...form,
  }
  const response = await office.post('/twilio/message', fields)
  expect([response.status, await response.text()]).toEqual([200, '<Response/>'])
  return fields.MessageSid
}

async function statusesOf(sid: string): Promise<string[]> {
  const { receipts } = office.db.t
  const rows = await office.db.read.select().from(receipts).where(eq(receipts.sid, sid))
  return rows.map((row) => `${row.kind} ${row.status}`)
}

async function answersOf(cycleId: number): Promise<string[]> {
  const { acknowledgements } = office.db.t
  const rows = await office.db.read.select().from(acknowledgements).where(eq(acknowledgements.cycle_id, cycleId))
  return rows.map((row) => `${row.answer} ${row.via}`)
}

async function endedFor(phone: string): Promise<string[]> {
  const index = office.db.vault.blind(phone, 'phone')
  return [...((await optedOut(office.db.read, [index])).get(index) ?? [])]
}
