import { hex32 } from './chance.ts'
import type { Exchange } from './exchange.ts'
import { pageOf, readQuery } from './paging.ts'
import { accountJson } from './render.ts'
import type { Result, Route } from './route.ts'

/** The account itself (a client's probe), its balance and its numbers. */
export function accountRoutes(exchange: Exchange, startedAt: number): Route[] {
  const { accountSid, faults } = exchange
  const broke = (): boolean => faults.standing('account')?.state === 'no-balance'
  return [
    {
      method: 'GET',
      path: '',
      action: 'read',
      handler: () => ({ status: 200, body: accountJson({ accountSid, createdAt: startedAt, suspended: broke() }) }),
    },
    {
      method: 'GET',
      path: 'Balance.json',
      action: 'read',
      handler: () => ({
        status: 200,
        body: { account_sid: accountSid, balance: broke() ? '-0.42' : '250.00', currency: 'USD' },
      }),
    },
    {
      method: 'GET',
      path: 'IncomingPhoneNumbers.json',
      action: 'read',
      handler: ({ url }) => numbers(exchange, { url, key: 'incoming_phone_numbers', prefix: 'PN' }),
    },
    {
      method: 'GET',
      path: 'OutgoingCallerIds.json',
      action: 'read',
      // Numbers of others that the account has verified: it has none.
      handler: ({ url }) => ({
        status: 200,
        body: pageOf({ items: [], url, key: 'outgoing_caller_ids', render: () => ({}) }),
      }),
    },
  ]
}

/** The numbers of the account; every number is its own where none are configured. */
function numbers(
  { accountSid, behaviour, seed }: Exchange,
  { url, key, prefix }: { url: string; key: string; prefix: string },
): Result {
  const asked = readQuery(url, ['PhoneNumber']).text('PhoneNumber')
  const { senders } = behaviour()
  const owned = senders ? [...senders.calls, ...senders.sms].filter((one) => one.startsWith('+')) : asked ? [asked] : []
  const items = [...new Set(owned)]
    .filter((number) => asked === undefined || number === asked)
    .map((number) => ({ sid: `${prefix}${hex32(seed, 'number', number)}`, number }))
  const render = ({ sid, number }: { sid: string; number: string }) => ({
    sid,
    account_sid: accountSid,
    phone_number: number,
    friendly_name: number,
    capabilities: { voice: true, sms: true, mms: false, fax: false },
  })
  return { status: 200, body: pageOf({ items, url, key, render }) }
}
