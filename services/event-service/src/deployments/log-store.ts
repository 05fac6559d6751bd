/** A deployment's log: appending by line number and reading it back. The stored chunk is the event itself. */

import type { Actor, AppendLogs, Envelope, LogLine, LogPage, LogsAppended } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { readPosition } from '../database/position.ts'
import { Problem } from '../errors.ts'
import type { DraftEvent, Submission, WritePath } from '../publish/write-path.ts'
import { hashOf } from '../publish/publish.ts'
import { toChunks, toNewLines, type NewLine } from './log-lines.ts'
import { lineBefore, selectLines, type LogQuery } from './log-rows.ts'
import { logChannel } from './projection.ts'
import { findDeployment, type DeploymentKey } from './rows.ts'

/** Lines of one page while a whole log is read. */
const RAW_PAGE = 2000

/**
 * Appends lines, all or nothing, and says the number of the last stored one. With `from` a retry is safe: lines that are known
 * are skipped. Without it an idempotency key makes it so.
 * @throws {Problem} `not_found` for an unknown deployment, `log_gap` with `last` when lines before `from` are missing, `log_conflict` with
 *   `last` when others stand at these numbers
 */
export async function appendLogs(writePath: WritePath, key: DeploymentKey, { lines, from, actor, idempotencyKey }: LinesOfActor): Promise<LogsAppended> {
  const channel = logChannel(key)
  let next = from
  const events = toChunks(toNewLines(lines as (string | NewLine)[])).map((chunk): DraftEvent => {
    const data = { deploymentId: key.deploymentId, ...next !== undefined && { from: next }, lines: chunk }
    if (next !== undefined) next += chunk.length
    return { channel, type: 'deployment_log', data, actor }
  })
  const kept: Submission['key'] = idempotencyKey === undefined ? undefined : { scope: `${channel.name}/lines`, key: idempotencyKey, bodyHash: hashOf({ lines, from }) }
  return await writePath.write({ tenantId: key.tenantId, events, answer: toAppended, ...kept && { key: kept } }) as LogsAppended
}

/** Lines, who says them, and the key that repeats answer under. */
interface LinesOfActor extends AppendLogs {
  actor: Actor
  idempotencyKey?: string | undefined
}

/** The projection numbered the lines; a chunk that was known already comes back empty, after the last line. */
function toAppended(events: readonly Envelope[]): LogsAppended {
  const { from, lines } = events.at(-1)?.data as { from: number, lines: readonly unknown[] }
  return { last: from + lines.length - 1 }
}

/** Which lines are asked for. */
export interface LogAsked extends LogQuery {
  /** First line of a range. */
  from?: number | undefined
  /** ISO time: lines from then on. */
  since?: string | undefined
}

/**
 * Reads a page of lines, oldest first, with the position of the log's channel.
 * @throws {Problem} `not_found`
 */
export function readLogs(database: Database, key: DeploymentKey, { from, since, ...query }: LogAsked): Promise<LogPage> {
  return database.inTenant(key.tenantId, async tx => {
    const row = await findDeployment(tx, key)
    if (!row) throw new Problem('not_found', { detail: 'There is no such deployment.' })
    const channel = logChannel(key).name
    const { logEpoch, seq } = await readPosition(tx, channel)
    const last = Number(row.log_lines)
    const after = since === undefined ? query.after ?? (from === undefined ? undefined : from - 1) : Math.max(query.after ?? 0, (from ?? 1) - 1, await lineBefore(tx, channel, since))
    return { lines: await selectLines(tx, channel, { ...query, after, last }), last, logEpoch, seq }
  }, { snapshot: true })
}

/** How lines are written down. */
export type LineFormat = (line: LogLine) => string

/** Lines from the beginning on, or those that are asked for, a page at a time. The first page is read at once, so that an unknown deployment throws before. */
export async function readWholeLog(database: Database, key: DeploymentKey, { asked, format }: { asked: Omit<LogAsked, 'limit'>, format: LineFormat }): Promise<AsyncIterable<string>> {
  const { from = 1, after = from - 1, ...rest } = asked
  const first = await readLogs(database, key, { ...rest, after, limit: RAW_PAGE })
  return wholePages(database, key, { first, asked: rest, format })
}

async function* wholePages(database: Database, key: DeploymentKey, { first, asked, format }: { first: LogPage, asked: Omit<LogAsked, 'limit'>, format: LineFormat }): AsyncIterable<string> {
  for (let page = first; page.lines.length > 0; page = await readLogs(database, key, { ...asked, after: page.lines.at(-1)?.n, limit: RAW_PAGE })) {
    yield page.lines.map(format).join('')
    if (page.lines.length < RAW_PAGE) return
  }
}
