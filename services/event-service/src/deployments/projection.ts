/** What the events of deployments leave behind: the merged state, the instance, the number of log lines. */

import {
  deploymentStatusSchema, channelOf, isFinal, lifeTypes, mergeDeployment, type Channel, type DeploymentState, type LogLine,
} from '@neo-stack/events'
import type { Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { PendingEvent, Projected, Projection } from '../publish/projection.ts'
import { areSame, mayContinueKey, numberLines, redactLines, redactSentences, toChunks, type NewLine } from './log-lines.ts'
import { selectLines } from './log-rows.ts'
import { findDeployment, saveDeployment, saveInstance, saveLogLines, updateInstance, type DeploymentKey, type DeploymentRow } from './rows.ts'

/** Streams take turns: the last line of the same one is looked for among these. */
const LINES_BEFORE = 20

/**
 * Projection of a deployment's life. Names the log's channel for every event, with lines in it or not: whoever holds that
 * channel owns the deployment's row, so that two transactions never take rows in different orders.
 */
export const deploymentProjection: Projection = {
  types: lifeTypes,
  derives: event => [logChannel(keyOf(event)).name],
  apply: applyLife,
}

/** Projection of log chunks: numbers lines, skips known ones, refuses gaps. */
export const deploymentLogProjection: Projection = { types: ['deployment_log'], apply: applyLog }

/** Channel that carries a deployment's log. */
export function logChannel({ tenantId, deploymentId }: DeploymentKey): Channel {
  return channelOf('deployment-log', { tenantId, deploymentId })
}

function keyOf({ channel, data }: PendingEvent): DeploymentKey {
  return { tenantId: channel.tenantId, deploymentId: String(data['deploymentId']) }
}

async function applyLife(tx: Tx, given: PendingEvent): Promise<Projected> {
  const event = { ...given, data: redactSentences(given.data) }
  const key = keyOf(event)
  const row = await findDeployment(tx, key)
  const before = row?.state as DeploymentState | undefined
  assertOpen(before, event)
  const state = mergeDeployment(before, event)
  deploymentStatusSchema.parse(state.status)
  const last = Number(row?.log_lines ?? 0)
  const lines = systemLines(event, last)
  const change = { tenantId: key.tenantId, state, time: event.time, logLines: last + lines.length }
  await saveDeployment(tx, change)
  if (!row) await saveInstance(tx, change)
  await updateInstance(tx, { tenantId: key.tenantId, instanceId: state.instanceId, said: { ...event.data, kind: state.kind } })
  const logs = event.data['logs'] === undefined ? {} : { logs: lines.map(({ text }) => text) }
  return { data: { ...event.data, ...logs, instanceId: state.instanceId }, derived: toLogEvents(key, state.instanceId, lines) }
}

function assertOpen(before: DeploymentState | undefined, { data }: PendingEvent): void {
  if (!before) return
  if (isFinal(before.status)) throw new Problem('deployment_finished', { extra: { status: before.status } })
  if (data['instanceId'] !== undefined && data['instanceId'] !== before.instanceId) {
    throw new Problem('unprocessable', { detail: `The deployment belongs to the instance ${before.instanceId}.` })
  }
}

function systemLines({ data, time }: PendingEvent, last: number): LogLine[] {
  const step = data['step'] as string | undefined
  const lines = ((data['logs'] ?? []) as string[]).map((text): NewLine => ({ stream: 'system', step, text }))
  const part = numberLines(lines, { from: undefined, last, time })
  return part.isGap ? [] : redactLines(part.lines, [])
}

function toLogEvents(key: DeploymentKey, instanceId: string, lines: readonly LogLine[]): Required<Projected>['derived'] {
  const { deploymentId } = key
  return toChunks(lines).map(chunk => ({
    channel: logChannel(key), type: 'deployment_log', data: { deploymentId, instanceId, from: chunk[0]?.n, lines: chunk },
  }))
}

async function applyLog(tx: Tx, event: PendingEvent): Promise<Projected> {
  const key = keyOf(event)
  if (key.deploymentId !== event.channel.deploymentId) {
    throw new Problem('invalid_request', { errors: [{ path: 'data.deploymentId', message: 'differs from the channel\'s deployment' }] })
  }
  const row = await findDeployment(tx, key)
  if (!row) throw new Problem('not_found', { detail: 'There is no such deployment.' })
  return appendChunk(tx, row, event)
}

async function appendChunk(tx: Tx, row: DeploymentRow, event: PendingEvent): Promise<Projected> {
  const { data, time } = event
  const last = Number(row.log_lines)
  const part = numberLines(data['lines'] as NewLine[], { from: data['from'] as number | undefined, last, time })
  if (part.isGap) throw new Problem('log_gap', { extra: { last } })
  await assertKnown(tx, event, last)
  const lines = redactLines(part.lines, await linesBefore(tx, event, { lines: part.lines, last }))
  const stored = { deploymentId: row.deployment_id, instanceId: row.instance_id, from: last + 1, lines }
  if (lines.length === 0) return { data: stored, isRepeat: true }
  await saveLogLines(tx, { tenantId: row.tenant_id, deploymentId: row.deployment_id }, last + lines.length)
  return { data: stored }
}

/** The last lines before a chunk, where they matter for what is a secret in it: a private key goes over many lines. */
function linesBefore(tx: Tx, { channel }: PendingEvent, { lines, last }: { lines: readonly LogLine[], last: number }): Promise<LogLine[]> {
  return last > 0 && mayContinueKey(lines) ? selectLines(tx, channel.name, { limit: LINES_BEFORE, last }) : Promise.resolve([])
}

/** Lines below the end may be skipped only when they are the ones that stand there: another writer may have taken their numbers. */
async function assertKnown(tx: Tx, { channel, data }: PendingEvent, last: number): Promise<void> {
  const from = data['from'] as number | undefined
  if (from === undefined || from > last) return
  const sent = data['lines'] as NewLine[]
  const stored = await selectLines(tx, channel.name, { after: from - 1, limit: Math.min(sent.length, last + 1 - from), last })
  if (!areSame(sent, stored)) throw new Problem('log_conflict', { extra: { last } })
}
