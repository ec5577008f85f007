import { createInterface } from 'node:readline'
import { clockStartingAt } from '../../src/lib/clock.ts'
import { openSandbox } from '../../src/sandbox/sandbox.ts'
import { ACCOUNT_SID, AUTH_TOKEN } from '../../test/ground.ts'
import { say } from './child.ts'
import { morning, TODAY } from './ground.ts'

/** The sandbox in a process of its own, where every phone gets every message at once. Says its address; ends with its input. */
const sandbox = await openSandbox({
  accountSid: ACCOUNT_SID,
  authToken: AUTH_TOKEN,
  clock: clockStartingAt(morning(TODAY)),
  pace: { callbackDelayMs: 0 },
  people: () => ({ answers: 'human', sms: 'delivered' }),
})
say({ url: sandbox.url })
createInterface({ input: process.stdin }).on('close', () => process.exit(0))
