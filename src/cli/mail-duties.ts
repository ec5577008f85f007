import type { App } from '../app.ts'
import { loadWords, type Words } from '../console/words.ts'
import { forecastCost } from '../deliver/forecast-cost.ts'
import { addDays, dateAt } from '../lib/civil-date.ts'
import { faultText } from '../lib/fault-text.ts'
import { onlyOffice } from '../lib/offices.ts'
import { type MailServer, parseSmtpUrl } from '../lib/smtp-url.ts'
import { type AlarmMailDeps, sendAlarms } from '../ops/alarm-mail.ts'
import { type DigestDeps, retryDigest, sendDigest } from '../ops/digest.ts'
import type { Forecast } from '../ops/digest-figures.ts'
import type { DutyWork } from '../ops/duties.ts'
import { type Post, postBy } from '../ops/mail.ts'
import { settleAbandoned } from '../ops/mail-record.ts'
import { senderOf } from '../ops/post-office.ts'
import { atOffice } from './at-office.ts'
import { costDepsOf } from './forecast.ts'

const FORECAST_DAYS = 14

/** The duties that send mail; without SMTP_URL they do nothing. `post` takes the place of SMTP_URL's server in tests. */
export function mailDuties(app: App, post?: Post): Pick<DutyWork, 'digest' | 'mail'> {
  const server = app.secrets.smtpUrl === undefined ? null : parseSmtpUrl(app.secrets.smtpUrl)
  if (!server) return { digest: async () => ({ digest: 'off' }), mail: async () => ({ alarms: 'off' }) }
  const by = post ?? postBy(server)
  const mailsOfAll = async () => {
    const shared = { server, words: await loadWords(), post: by }
    return app.offices.all.map(({ code }) => mailDepsOf(atOffice(app, code), shared))
  }
  return {
    async digest(plannedAt) {
      // Else a daemon that starts after six would write before the follow-ups of its late scan are there.
      await app.attend()
      await settleAbandoned(app.db, app.clock.now())
      const sent = []
      for (const mail of await mailsOfAll())
        sent.push(await sendDigest(mail, { day: dateAt(plannedAt, mail.office.timeZone) }))
      return { ...sent[0], ...(sent.length > 1 ? { further: sent.slice(1).map(({ digest }) => digest) } : {}) }
    },
    async mail() {
      const abandoned = await settleAbandoned(app.db, app.clock.now())
      const mails = await mailsOfAll()
      const retried = []
      for (const mail of mails) retried.push(await retryDigest(mail))
      return { ...(await sendAlarms(mails[0]!)), abandoned: abandoned.length, ...retried[0] }
    },
  }
}

function mailDepsOf(
  app: App,
  { server, words, post }: { server: MailServer; words: Words; post: Post },
): DigestDeps & AlarmMailDeps {
  const { config, db, clock, log, office } = app
  const { alarmTo, mailFrom, consoleBaseUrl, templatesDir } = config
  const home = office === app.offices.home
  return {
    db,
    clock,
    log,
    office,
    home,
    words,
    templatesDir,
    consoleBaseUrl,
    from: senderOf({ mailFrom, server, readers: [...config.digestTo, ...alarmTo] }),
    post,
    digestTo: home ? config.digestTo : office.digestTo,
    alarmTo,
    forecast: () => forecastOf(app),
  }
}

/** The digest goes without it rather than not at all. */
async function forecastOf(app: App): Promise<Forecast | null> {
  try {
    return await workOutForecast(app)
  } catch (error) {
    app.log.error({ fault: faultText(error) }, 'forecast for the digest not worked out')
    return null
  }
}

async function workOutForecast(app: App): Promise<Forecast> {
  const today = app.today()
  const tomorrow = addDays(today, 1)
  const people = new Map<number, number>()
  const rows = await forecastCost(costDepsOf(app, onlyOffice(app.offices, app.office.code)), {
    today,
    days: FORECAST_DAYS + 1,
    now: app.clock.now(),
    visit(_resident, { on, stage }) {
      if (on === tomorrow) people.set(stage, (people.get(stage) ?? 0) + 1)
    },
  })
  const coming = rows.filter(({ on }) => on > today)
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, one) => total + one, 0)
  const stages = [...people].map(([stage, n]) => ({ stage, people: n })).sort((a, b) => b.stage - a.stage)
  return {
    tomorrow: { on: tomorrow, people: sum(people.values()), stages },
    deliveries: sum(coming.map((row) => row.deliveries)),
    cost: Math.round(sum(coming.map((row) => row.cost)) * 100) / 100,
    currency: app.office.prices.currency,
  }
}
