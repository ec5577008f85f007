import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestOffice, PUBLIC_BASE_URL, type TestOffice } from '../../test/public-office.ts'
import { civilDate } from '../lib/civil-date.ts'

let office: TestOffice
let note: Awaited<ReturnType<TestOffice['rows']['record']>>

beforeAll(async () => {
  office = await openTestOffice()
  note = await office.rows.record()
})

afterAll(async () => {
  await office[Symbol.asyncDispose]()
})

const played = () => `<Play>${PUBLIC_BASE_URL}/audio/${note.token}.mp3</Play>`

describe('an answered call', () => {
  it('plays greeting, note and question, listens for a key, and goes on when all was heard', async () => {
    const { attemptId } = await ring()
    const twiml = await answer(`/twilio/call/${attemptId}`, {
      CallSid: 'CAa',
      CallStatus: 'in-progress',
      AnsweredBy: 'human',
    })
    const order = ['<Gather', 'Halo. Ini panggilan', played(), 'Tekan satu', '</Gather>', '<Redirect']
    expect(order.map((part) => twiml.indexOf(part))).toEqual(
      order.map((part) => twiml.indexOf(part)).toSorted((a, b) => a - b),
    )
    expect(twiml).toContain(`action="${PUBLIC_BASE_URL}/twilio/call/${attemptId}/key?round=1"`)
    expect(twiml).toContain('numDigits="1"')
    expect(twiml).toContain(
      `<Redirect method="POST">${PUBLIC_BASE_URL}/twilio/call/${attemptId}/end?heard=1</Redirect>`,
    )
    expect(await statusesOf('CAa')).toEqual(['call answered:human'])
  })

  it('takes the recorded sentences where they were made', async () => {
    const spoken: string[] = []
    await using other = await openTestOffice({
      voiceNotes: {
        async find(language, speak) {
          const template = other.deps.templates.get(language)!
          spoken.push(speak(template).text)
          return {
            id: 0,
            token: `clip-number-${spoken.length}`,
            contentKey: '',
            language,
            spoken: language,
            milliseconds: 1,
          }
        },
      },
    })
    const told = await other.rows.tell({ voiceNoteId: (await other.rows.record()).id })
    const attemptId = await other.rows.attempt(told.deliveryId)
    const twiml = await (await other.post(`/twilio/call/${attemptId}`, { CallSid: 'CAb', AnsweredBy: 'human' })).text()
    expect(twiml).not.toContain('<Say')
    expect(spoken.some((text) => text.includes('Tekan satu'))).toBe(true)
  })

  it('key 1 is an answer: stored, acknowledged, thanked', async () => {
    const { attemptId, told } = await ring()
    const twiml = await answer(`/twilio/call/${attemptId}/key?round=1`, { CallSid: 'CAc', Digits: '1' })
    expect(twiml).toContain('Terima kasih')
    expect(twiml).toContain('<Hangup/>')
    expect(twiml).not.toContain('<Play>')
    expect(await statusesOf('CAc')).toEqual(['key key:1'])
    expect(await answersOf(told.cycleId)).toEqual(['understood key resident'])
  })

  it.each(['2', '5', '#'])('key %s plays it again, three times at most', async (key) => {
    const { attemptId, told } = await ring()
    const form = { CallSid: `CA-${attemptId}`, Digits: key }
    const second = await answer(`/twilio/call/${attemptId}/key?round=1`, form)
    expect(second).toContain('sekali lagi')
    expect(second).toContain(played())
    expect(second).toContain('/key?round=2"')
    expect(await answer(`/twilio/call/${attemptId}/key?round=2`, form)).toContain('/key?round=3"')
    const last = await answer(`/twilio/call/${attemptId}/key?round=3`, form)
    expect(last).not.toContain('<Play>')
    expect(last).toContain('<Hangup/>')
    expect(await statusesOf(form.CallSid)).toEqual([`key key:${key}`])
    expect(await answersOf(told.cycleId)).toEqual([])
  })

  it('that was heard to its end says so, and only then', async () => {
    const { attemptId } = await ring()
    expect(await answer(`/twilio/call/${attemptId}/end?heard=1`, { CallSid: 'CAd' })).toContain('Sampai jumpa')
    await answer(`/twilio/call/${attemptId}/end`, { CallSid: 'CAe' })
    expect(await statusesOf('CAd')).toEqual(['call heard'])
    expect(await statusesOf('CAe')).toEqual([])
  })

  it.each(['machine_start', 'machine_end_beep', 'machine_end_silence', 'machine_end_other'])(
    'by %s hears the note once and is asked nothing',
    async (by) => {
      const { attemptId } = await ring()
      const twiml = await answer(`/twilio/call/${attemptId}`, { CallSid: `CA-${by}`, AnsweredBy: by })
      expect(twiml.split(played()).length).toBe(2)
      expect(twiml).not.toMatch(/<Gather|<Redirect/)
      expect(await statusesOf(`CA-${by}`)).toEqual([`call answered:${by}`])
    },
  )

  it('by a fax ends at once', async () => {
    const { attemptId } = await ring()
    expect(await answer(`/twilio/call/${attemptId}`, { CallSid: 'CAf', AnsweredBy: 'fax' })).toMatch(
      /<Response><Hangup\/><\/Response>$/,
    )
  })

  it('without its recording is spoken by the carrier in the same language', async () => {
    const lost = await office.rows.record()
    const told = await office.rows.tell({ voiceNoteId: lost.id, language: 'en', channel: 'call' })
    rmSync(join(office.deps.audioDir, `${await contentKeyOf(lost.id)}.mp3`))
    const attemptId = await office.rows.attempt(told.deliveryId)
    const twiml = await answer(`/twilio/call/${attemptId}`, { CallSid: 'CAg', AnsweredBy: 'human' })
    expect(twiml).toMatch(/<Say voice="Google\.en-[^"]+" language="en-[A-Z]+">[^<]*Friday,? 4 December 2026/)
    expect(twiml).not.toContain('<Play>')
  })

  it('in a language that nobody speaks is spoken in English and Indonesian', async () => {
    const told = await office.rows.tell({ language: 'sw', channel: 'call' })
    const attemptId = await office.rows.attempt(told.deliveryId)
    const twiml = await answer(`/twilio/call/${attemptId}`, { CallSid: 'CAh', AnsweredBy: 'human' })
    expect(twiml).toContain('4 December 2026')
    expect(twiml).toContain('4 Desember 2026')
  })

  it('of an attempt that we do not know hears what this number is', async () => {
    const twiml = await answer('/twilio/call/999999', { CallSid: 'CAi', AnsweredBy: 'human' })
    expect(twiml).toContain('Ini nomor otomatis')
  })
})

describe('who rings back', () => {
  it('hears the newest note for that number', async () => {
    const phone = '+6281377770001'
    await office.rows.tell({ phone, channel: 'call', voiceNoteId: note.id })
    const twiml = await answer('/twilio/call/inbound', { CallSid: 'CAj', From: phone })
    expect(twiml).toContain(played())
    expect(twiml).not.toContain('Ini nomor otomatis')
    expect(await statusesOf('CAj')).toEqual(['call inbound'])
  })

  it('and is a stranger, or has a note that is over, hears the office hours in two languages', async () => {
    const phone = '+6281377770002'
    await office.rows.tell({ phone, channel: 'call', voiceNoteId: note.id, expiresOn: civilDate('2026-10-01') })
    for (const from of [phone, '+15005550006', 'anonymous', '']) {
      const twiml = await answer('/twilio/call/inbound', { CallSid: `CAk${from}`, From: from })
      expect(twiml).toContain('Ini nomor otomatis')
      expect(twiml).toContain('Senin – Kamis, 08:00–16:00')
      expect(twiml).toContain('Monday – Thursday, 08:00–16:00')
      expect(twiml).not.toContain('<Play>')
    }
  })
})

async function ring() {
  const told = await office.rows.tell({ channel: 'call', voiceNoteId: note.id })
  return { told, attemptId: await office.rows.attempt(told.deliveryId) }
}

async function answer(path: string, form: Record<string, string>): Promise<string> {
  const response = await office.post(path, form)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/xml; charset=utf-8')
  return response.text()
}

async function statusesOf(sid: string): Promise<string[]> {
  const { receipts } = office.db.t
  const rows = await office.db.read.select().from(receipts).where(eq(receipts.sid, sid)).orderBy(receipts.id)
  return rows.map((row) => `${row.kind} ${row.status}`)
}

async function answersOf(cycleId: number): Promise<string[]> {
  const { acknowledgements } = office.db.t
  const rows = await office.db.read.select().from(acknowledgements).where(eq(acknowledgements.cycle_id, cycleId))
  return rows.map((row) => `${row.answer} ${row.via} ${row.role}`)
}

async function contentKeyOf(id: number): Promise<string> {
  const { voice_notes } = office.db.t
  const [row] = await office.db.read.select().from(voice_notes).where(eq(voice_notes.id, id))
  return row!.content_key
}
