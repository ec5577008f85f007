import { describe, expect, it } from 'vitest'
import { civilDate } from '../lib/civil-date.ts'
import type { PlannedChannel, Role } from '../lib/office.ts'
import { recipients } from './recipients.ts'

type Phone = Parameters<typeof recipients>[0]['phone'] & object
type Told = { role: Role; phone: Phone; channels: PlannedChannel[] }
type Case = {
  it: string
  to?: Role[]
  channels?: PlannedChannel[]
  born?: string | null
  on?: string
  phone?: Phone | null
  sponsor?: Phone | null
  told: Told[]
  followUp?: 'phone'
}

const own: Phone = { number: '+628123450001', line: 'mobile' }
const house: Phone = { number: '+62342555001', line: 'fixed' }
const unsure: Phone = { number: '+628123450003', line: null }
const sponsors: Phone = { number: '+628123450002', line: 'mobile' }
const smsAndVoice: PlannedChannel[] = ['sms', 'voice']
const both: Role[] = ['resident', 'sponsor']
const toResident: Told[] = [{ role: 'resident', phone: own, channels: smsAndVoice }]
const toSponsor: Told[] = [{ role: 'sponsor', phone: sponsors, channels: smsAndVoice }]

describe('who is told', () => {
  it.each<Case>([
    { it: 'the resident', told: toResident },
    { it: 'both at stage 3', to: both, told: [...toResident, ...toSponsor] },
    { it: 'the resident alone without a sponsor', to: both, sponsor: null, told: toResident },
    { it: 'the resident once, on a phone shared with the sponsor', to: both, sponsor: { ...own }, told: toResident },
    { it: 'the sponsor alone where policy says so', to: ['sponsor'], told: toSponsor },
    { it: 'the sponsor of a resident without a phone', phone: null, told: toSponsor, followUp: 'phone' },
    { it: 'such a sponsor once, though policy names him', phone: null, to: both, told: toSponsor, followUp: 'phone' },
    { it: 'nobody without any phone', phone: null, sponsor: null, told: [], followUp: 'phone' },
    { it: 'the sponsor of a child', born: '2015-01-01', told: toSponsor },
    { it: 'the sponsor of a child, once', born: '2015-01-01', to: both, told: toSponsor },
    { it: 'the sponsor of a child with his phone', born: '2015-01-01', phone: sponsors, told: toSponsor },
    { it: 'the sponsor of a child without a phone', born: '2015-01-01', phone: null, told: toSponsor },
    { it: 'nobody for a child without a sponsor', born: '2015-01-01', sponsor: null, told: [], followUp: 'phone' },
    { it: 'the sponsor on the eve of the 18th birthday', born: '2008-11-23', told: toSponsor },
    { it: 'the resident on the 18th birthday', born: '2008-11-22', told: toResident },
    { it: 'the sponsor on 28 February, born on the 29th', born: '2008-02-29', on: '2026-02-28', told: toSponsor },
    { it: 'the resident on 1 March, born on 29 February', born: '2008-02-29', on: '2026-03-01', told: toResident },
    { it: 'the resident whose birth date is unknown', born: null, told: toResident },
    { it: 'a landline, by call alone', phone: house, told: [{ role: 'resident', phone: house, channels: ['voice'] }] },
    {
      it: 'a landline, by call though only SMS is planned',
      channels: ['sms'],
      phone: house,
      told: [{ role: 'resident', phone: house, channels: ['voice'] }],
    },
    {
      it: 'the landline of a sponsor, by call',
      channels: ['sms'],
      phone: null,
      sponsor: house,
      told: [{ role: 'sponsor', phone: house, channels: ['voice'] }],
      followUp: 'phone',
    },
    {
      it: 'a number whose kind is unknown, as planned',
      channels: ['sms'],
      phone: unsure,
      told: [{ role: 'resident', phone: unsure, channels: ['sms'] }],
    },
  ])('$it', (given) => {
    const { to = ['resident'], channels = smsAndVoice, born = '1990-05-05', on = '2026-11-22' } = given
    const { phone = own, sponsor = sponsors, told, followUp = null } = given
    const result = recipients({
      plan: { channels, to },
      birthDate: born === null ? null : civilDate(born),
      phone,
      sponsorPhone: sponsor,
      today: civilDate(on),
    })
    expect(result).toEqual({ to: told, followUp })
  })
})
