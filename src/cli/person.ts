import { join } from 'node:path'
import type { App } from '../app.ts'
import { languageOf } from '../compose/language.ts'
import { templateFor } from '../compose/template.ts'
import { recordAudit } from '../console/audit.ts'
import { LANGUAGES, type Language } from '../console/officer.ts'
import { personJson, personPdf } from '../console/person/person-copy.ts'
import { sayingFor } from '../console/proof/saying.ts'
import { sayingsIn, spokenTo } from '../console/say.ts'
import { loadWords, type Translate } from '../console/words.ts'
import { AppError } from '../lib/errors.ts'
import { erasePerson } from '../ops/retention/erase-person.ts'
import { scrubErased } from '../ops/retention/retention.ts'
import { type Keep, whyRefused } from '../ops/retention/rules.ts'
import { atOfficeOf } from './at-office.ts'
import type { ExitCode, Output } from './output.ts'
import { writePrivateFile } from './private-file.ts'

/** `person export RESIDENT`: everything about one person, for the right of access. The files are for their owner alone. */
export async function personExportCommand(
  program: App,
  output: Output,
  options: { resident: number; jsonFile?: string; pdf?: string; language?: string },
): Promise<ExitCode> {
  const { resident, jsonFile, pdf, language = 'id' } = options
  if (!jsonFile && !pdf) throw new AppError('usage', 'say where to: --json-file FILE, --pdf FILE or both')
  const known = LANGUAGES.find((one) => one === language)
  if (!known) throw new AppError('usage', `--language ${language} is unknown; allowed: ${LANGUAGES.join(', ')}`)
  const app = await atOfficeOf(program, resident)
  const { db, office, config, clock } = app
  const scope = {
    db,
    office,
    today: app.today(),
    officer: { regencies: null },
    audioDir: join(config.dataDir, 'audio'),
  }
  const now = clock.now()
  const t = (await loadWords())[known]
  const subject = { kind: 'resident', id: resident }
  if (jsonFile) writePrivateFile(jsonFile, await personJson(scope, resident))
  if (pdf)
    writePrivateFile(pdf, await personPdf(scope, resident, ({ resident: row }) => making(app, t, row, known, now)))
  await db.write((tx) => recordAudit(tx, { officerId: null, now, action: 'resident.export', subject }))
  for (const file of [jsonFile, pdf])
    if (file)
      output.line(`${file} has everything on record about resident ${resident}: hand it to the person, then destroy it`)
  output.result({ resident, json_file: jsonFile ?? null, pdf: pdf ?? null })
  return 0
}

/** `person erase RESIDENT`: on request. What past years' figures are counted from stays, without the person. */
export async function personEraseCommand(
  program: App,
  output: Output,
  { resident, by, reason, force }: { resident: number; by: string; reason: string; force: boolean },
): Promise<ExitCode> {
  const app = await atOfficeOf(program, resident)
  const { db, office, clock, config } = app
  const now = clock.now()
  const today = app.today()
  if (reason.trim() === '') throw new AppError('usage', '--reason must say why')
  const erased = await erasePerson(
    { db, officeCode: office.code, now, today },
    {
      residentId: resident,
      rule: 'request',
      basis: reason.trim(),
      by,
      keep: (facts) => whyRefused(facts, { today, force }),
      alongside: (tx) =>
        recordAudit(tx, { officerId: null, now, action: 'person.erase', subject: { kind: 'resident', id: resident } }),
    },
  )
  if (!erased) throw new AppError('not-found', `there is no resident ${resident}`)
  if ('kept' in erased) throw new AppError('conflict', refusal(resident, erased.kept))
  await scrubErased({ db, databaseFile: config.databaseFile })
  output.line(
    `erased resident ${resident}: ${Object.entries(erased.rows)
      .map(([table, rows]) => `${table} ${rows}`)
      .join(', ')}`,
  )
  output.line('Take the person out of the office’s register file, or the next import brings them back.')
  output.line(
    'Backups made until now still hold the data until newer ones have taken their place (docs/personal-data.md).',
  )
  if (config.databaseFile === undefined)
    output.line('On PostgreSQL the server clears its pages: VACUUM FULL (docs/personal-data.md).')
  output.result({ resident, rows: erased.rows })
  return 0
}

function refusal(resident: number, kept: Keep): string {
  const why: Partial<Record<Keep, string>> = {
    erased: 'was erased before',
    'in-flight': 'has a message on its way at this moment: try again in some minutes',
    case: 'has an open overstay case: close it first, or --force',
    permit: 'has a permit that is still running and would no longer be told of its end: --force if that is meant',
  }
  return `resident ${resident} ${why[kept] ?? kept}`
}

function making(
  { office, templates, languages }: App,
  t: Translate,
  resident: { nationality: string; language: string | null; chosen_language: string | null },
  language: Language,
  now: number,
) {
  return {
    office,
    officer: { name: t('personal.operator') },
    saying: sayingFor({ t, sayings: sayingsIn(language, t), language, office, now }),
    spoken: spokenTo({ languageOf: (person) => languageOf(person, languages) }, resident),
    writtenIn: (tag: string) => templateFor(templates, tag).template.language,
    now,
  }
}
