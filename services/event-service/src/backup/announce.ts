/**
 * Tells readers on Centrifugo, which knows nothing of restores, that the logs they follow have another past: one message on each channel,
 * at the place where the restored log stands, with the new epoch. Readers take nothing from it but that, and read a new snapshot.
 */

import { randomUUID } from 'node:crypto'
import type { Ask } from '../database/tables.ts'
import { namespaceNames } from '../realtime/centrifugo-commands.ts'
import { OUTBOX_NOTIFICATIONS, partitionOf } from '../realtime/outbox.ts'

/** A channel's log. */
export interface Log { name: string, tenant: string, seq: number }

/** Channels with a log. */
export async function listLogs(ask: Ask): Promise<Log[]> {
  return (await ask<{ name: string, tenant: string, seq: number | string }>('select name, tenant_id as tenant, seq from channels')).map(log => ({ ...log, seq: Number(log.seq) }))
}

/** Puts the messages into the outbox: they go out when the restore commits. `logs` are those before it and those after it. */
export async function announceEpoch(ask: Ask, { logEpoch, logs }: { logEpoch: string, logs: readonly Log[] }): Promise<void> {
  const after = new Set((await listLogs(ask)).map(({ name }) => name))
  const ends = new Map(logs.map(log => [log.name, after.has(log.name) ? log : { ...log, seq: 0 }]))
  const rows = [...ends.values()].filter(({ name }) => namespaceNames.has(name.slice(0, name.indexOf(':')))).map(log => ({ payload: toCommand(log, logEpoch), partition: partitionOf(log.name) }))
  await ask(`insert into centrifugo_outbox (method, payload, partition) select 'publish', payload, partition from json_to_recordset($1::json) as row (payload json, partition integer)`, [JSON.stringify(rows)])
  for (const partition of new Set(rows.map(row => row.partition))) await ask('select pg_notify($1, $2)', [OUTBOX_NOTIFICATIONS, String(partition)])
}

function toCommand({ name: channel, tenant: tenantId, seq }: Log, logEpoch: string): object {
  const id = randomUUID()
  const data = { id, type: 'log_restored', channel, tenantId, seq, logEpoch, time: new Date().toISOString(), data: {} }
  return { channel, data, idempotency_key: id, ...seq > 0 && { version: seq, version_epoch: logEpoch } }
}
