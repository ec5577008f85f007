import { randomUUID } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { sql } from 'drizzle-orm'
import { recordAudit } from '../../console/audit.ts'
import { type MovedFrom, type MovedTo, readMoves } from '../../db/moved.ts'
import type { Db } from '../../db/open.ts'
import type { Clock } from '../../lib/clock.ts'
import { AppError } from '../../lib/errors.ts'
import { takeInstanceLock } from '../lock.ts'
import { compareMeta, compareTables, type TableSum } from './compare.ts'
import { copyTables, metaOf, type Progress, replaceMeta, writeMark } from './copy.ts'
import { fenceOff, takeFenceAway } from './fence.ts'
import { countOf, numberedTables } from './pages.ts'
import { openSource, openTarget, type Place, refuseOpenFile } from './place.ts'
import { continueBehind, newestIds } from './sequences.ts'
import { refuseUsed } from './users.ts'

export type MoveDeps = {
  clock: Clock
  /** Folders whose instance lock belongs to a database file, beside the folder that it lies in. */
  lockDirs?: (file: string) => string[]
  progress?: Progress
}

export type MoveResult = {
  from: string
  to: string
  /** It went on behind what an earlier, broken run had copied. */
  resumed: boolean
  tables: Record<string, TableSum>
  rows: number
}

/**
 * Copies a whole database into an empty one, of the same engine or the other, compares both, and leaves the source marked so
 * that nobody works on it any more. Broken off at any moment and begun again it goes on where it was.
 * @throws AppError `conflict` where the source is in use or was moved, or the target is not empty; `invalid` where one of
 * them is of another version; `not-found` where there is no source.
 */
export async function moveDatabase(deps: MoveDeps, { from, to }: { from: Place; to: Place }): Promise<MoveResult> {
  const { clock, progress = () => undefined } = deps
  if (from.shown === to.shown) throw new AppError('usage', `--from and --to are both ${from.shown}`)
  const name = `tenggat move ${randomUUID()}`
  await using stack = new AsyncDisposableStack()
  lock(stack, deps, [from, to])
  refuseOpenFile(from)
  const source = stack.use(await openSource(from, name))
  const refuseOthers = () => refuseUsed(source, { shown: from.shown, self: name, now: clock.now() })
  await refuseOthers()
  const target = stack.use(await openTarget(to, name))

  const { mark, begun } = await agree(source, target, { from, to, now: clock.now() })
  if (mark.state === 'arriving') {
    if (!begun) await begin(source, target, { mark, to, refuseOthers })
    await copyTables(source, target, mark, progress)
  }
  const tables = mark.state === 'arriving' ? await compareTables(source, target) : {}
  if (mark.state === 'arriving') tables.meta = await settle(source, target, { mark, now: clock.now() })
  await fenceOff(source, { move: mark.move, to: to.shown, state: 'moved', at: mark.at })
  const rows = Object.values(tables).reduce((sum, table) => sum + table.rows, 0)
  return { from: from.shown, to: to.shown, resumed: begun, tables, rows }
}

/**
 * Takes the mark of a move away, so that this database is worked on again.
 * @throws AppError `conflict` where it bears none or is in use.
 */
export async function undoMove(deps: MoveDeps, { from }: { from: Place }): Promise<MovedTo> {
  const name = `tenggat move ${randomUUID()}`
  await using stack = new AsyncDisposableStack()
  lock(stack, deps, [from])
  refuseOpenFile(from)
  const source = stack.use(await openSource(from, name))
  const { to } = await readMoves(source.read)
  if (!to) throw new AppError('conflict', `${from.shown} was not moved: there is nothing to undo`)
  await refuseUsed(source, { shown: from.shown, self: name, now: deps.clock.now() })
  await takeFenceAway(source)
  return to
}

/** A folder's lock once, though both ends lie in it. */
function lock(stack: AsyncDisposableStack, { lockDirs, clock }: MoveDeps, places: readonly Place[]): void {
  const holder = { pid: process.pid, command: 'move', startedAt: clock.now() }
  const files = places.flatMap(({ file }) => (file === undefined ? [] : [file]))
  const folders = files.flatMap((file) => [dirname(file), ...(lockDirs?.(file) ?? [])])
  for (const dataDir of new Set(folders.map((folder) => (existsSync(folder) ? realpathSync(folder) : folder)))) {
    stack.use(takeInstanceLock({ dataDir, holder }))
  }
}

/** Which move this is: a new one, or the same one that was broken off. Changes nothing. */
async function agree(
  source: Db,
  target: Db,
  { from, to, now }: { from: Place; to: Place; now: number },
): Promise<{ mark: MovedFrom; begun: boolean }> {
  const [here, there] = await Promise.all([readMoves(source.read), readMoves(target.read)])
  if (here.from?.state === 'arriving') {
    throw new AppError(
      'conflict',
      `${from.shown} is itself not yet whole: the move from ${here.from.from} is not finished`,
    )
  }
  if (here.to?.state === 'moved') throw new AppError('conflict', `${from.shown} was moved to ${here.to.to} already`)
  if (here.to && here.to.to !== to.shown) {
    throw new AppError(
      'conflict',
      `${from.shown} is being moved to ${here.to.to}: run that move again, or give it up with --undo`,
    )
  }
  if (here.to && there.from?.move === here.to.move) return { mark: there.from, begun: true }
  if (there.from?.state === 'arriving') {
    throw new AppError(
      'conflict',
      `${to.shown} holds part of another move, from ${there.from.from}, that was given up: empty it first`,
    )
  }
  await refuseFilled(target, to)
  const move = here.to?.move ?? randomUUID()
  const at = here.to?.at ?? now
  return { mark: { move, from: from.shown, state: 'arriving', at, table: '', last_id: 0 }, begun: false }
}

async function refuseFilled(target: Db, { shown }: Place): Promise<void> {
  for (const { name, table } of numberedTables(target.t)) {
    const rows = await countOf(target.read, table)
    if (rows > 0) {
      throw new AppError('conflict', `${shown} is not empty: ${name} has ${rows} rows. A move needs an empty database`)
    }
  }
}

/** From here on nobody works on either of them. */
async function begin(
  source: Db,
  target: Db,
  { mark, to, refuseOthers }: { mark: MovedFrom; to: Place; refuseOthers: () => Promise<void> },
): Promise<void> {
  await fenceOff(source, { move: mark.move, to: to.shown, state: 'moving', at: mark.at })
  try {
    // Who came between the first look and the fence.
    await refuseOthers()
  } catch (error) {
    await takeFenceAway(source)
    throw error
  }
  await target.write((tx) => writeMark(tx, mark))
}

/** Counters and what stands in `meta`; with it the target is whole. */
async function settle(source: Db, target: Db, { mark, now }: { mark: MovedFrom; now: number }): Promise<TableSum> {
  const newest = await newestIds(source)
  const rows = await metaOf(source)
  await target.write(async (tx) => {
    await continueBehind(tx, newest)
    await replaceMeta(tx, rows)
  })
  const sum = await compareMeta(source, target)
  // Else the first scan goes by the guesses made for empty tables.
  if (target.engine === 'postgres') await target.write((tx) => tx.run(sql`analyze`))
  await target.write(async (tx) => {
    await recordAudit(tx, { action: 'database.move', officerId: null, now, detail: `from ${source.engine}` })
    await writeMark(tx, { ...mark, state: 'arrived' })
  })
  return sum
}
