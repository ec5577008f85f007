import { describe, expect, it } from 'vitest'
import { openTestOffice } from '../../test/public-office.ts'
import { StorageFault } from '../db/trouble.ts'

const FORM = { MessageSid: 'SM1', MessageStatus: 'delivered' }

describe('a webhook while nothing can be written', () => {
  it('is answered 503 before the carrier hangs up, and what it told is kept all the same once that can be done', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<'new'>()
    await using office = await openTestOffice({ webhookMs: 20, receipts: { record: () => held } })
    const response = await office.post('/twilio/status?attempt=1', FORM)
    expect(response.status).toBe(503)
    expect(office.listener.counts).toMatchObject({ receipts: 0, errors: 1 })
    release('new')
    await held
    await expect.poll(() => office.listener.counts.receipts).toBe(1)
  })

  it('is answered 503 on a full disk, so that the carrier tells it again', async () => {
    const full = new StorageFault('disk', 'the disk of a.db is full')
    await using office = await openTestOffice({ receipts: { record: () => Promise.reject(full) } })
    const response = await office.post('/twilio/status?attempt=1', FORM)
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('a.db')
  })
})
