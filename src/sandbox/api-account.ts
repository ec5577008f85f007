import type { Exchange } from './exchange.ts'
import { accountJson } from './render.ts'
import type { Route } from './route.ts'

/** The account itself (a client's probe) and its balance. */
export function accountRoutes({ accountSid, faults }: Exchange, startedAt: number): Route[] {
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
  ]
}
