/** Channels by which alerts leave the platform: e-mail to somebody of the tenant, or a signed webhook to a public address. */

import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Actor, AlertChannel, ChannelMade, MakeChannel } from '@neo-stack/events'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { judgeUrl, type UrlRules } from '../outbound/address.ts'
import type { Seal } from '../outbound/seal.ts'
import type { Perform } from '../publish/acts.ts'

/** What changes channels. */
export interface ChannelParts {
  database: Database
  perform: Perform
  now: () => number
  seal: Seal
  /** Whether this installation sends e-mail. */
  hasMail: boolean
  /** Which addresses webhooks may go to. @default the public internet, over https */
  outbound?: UrlRules | undefined
}

/** Whose channel, and who asks. */
export interface ChannelOwner {
  tenantId: string
  actor: Actor
  by: string
}

const MAX_CHANNELS = 20

interface Row { id: string, kind: 'email' | 'webhook', name: string, target: string, severity: AlertChannel['severity'], group_name: string | null, language: AlertChannel['language'], made_by: string, created_at: Date }

/** A tenant's channels, oldest first. */
export function listChannels(database: Database, tenantId: string): Promise<AlertChannel[]> {
  return database.inTenant(tenantId, async tx => (await tx.selectFrom('alert_channels').selectAll().where('tenant_id', '=', tenantId).orderBy('created_at').orderBy('id').execute()).map(toChannel))
}

function toChannel({ group_name: group, made_by: by, created_at: createdAt, id, kind, name, target, severity, language }: Row): AlertChannel {
  return { id, kind, name, target, severity, language, by, createdAt: createdAt.toISOString(), ...group !== null && { group } }
}

/**
 * Makes a channel. E-mail goes to people of the tenant only, webhooks to public addresses only.
 * @throws {Problem} `invalid_request` for a target that is neither, `unprocessable` for e-mail where none is sent and for one channel too many
 */
export async function makeChannel(parts: ChannelParts, { tenantId, actor, by }: ChannelOwner, made: MakeChannel): Promise<ChannelMade> {
  const { perform, seal, hasMail, now } = parts
  const { kind, name, target, severity = 'warning', group, language = 'pt-BR' } = made
  if (kind === 'email' && !hasMail) throw new Problem('unprocessable', { detail: 'This installation sends no e-mail.' })
  if (kind === 'webhook') assertMayGo(target, parts.outbound)
  const secret = kind === 'webhook' ? `whsec_${randomBytes(24).toString('base64')}` : undefined
  const row: Row & { secret: string | null } = {
    id: crypto.randomUUID(), kind, name, target, severity, group_name: group ?? null, language, made_by: by, created_at: new Date(now()), secret: secret === undefined ? null : seal.close(secret),
  }
  const run = async (tx: Tx): Promise<Trail> => {
    if (kind === 'email' && !await isReader(tx, tenantId, target)) throw invalid('is nobody of this account')
    const { count } = await tx.selectFrom('alert_channels').select(({ fn }) => fn.countAll().as('count')).where('tenant_id', '=', tenantId).executeTakeFirstOrThrow()
    if (Number(count) >= MAX_CHANNELS) throw new Problem('unprocessable', { detail: `There are ${MAX_CHANNELS} channels already.` })
    await tx.insertInto('alert_channels').values({ tenant_id: tenantId, ...row }).execute()
    return toTrail(row)
  }
  await perform({ tenantId, actor, action: 'alert_channel.made', target: row.id, detail: { kind, name } }, { run, auditDetail: trail => trail })
  return { ...toChannel(row), ...secret !== undefined && { secret } }
}

/** What the trail says of a channel; the rest of a webhook's address may be a secret. */
type Trail = Pick<Row, 'kind' | 'name'> & ({ host: string } | { address: string })

const toTrail = ({ kind, name, target }: Pick<Row, 'kind' | 'name' | 'target'>): Trail => ({ kind, name, ...kind === 'webhook' ? { host: new URL(target).host } : { address: target } })

const invalid = (message: string): Problem => new Problem('invalid_request', { errors: [{ path: 'target', message }] })

function assertMayGo(target: string, rules: UrlRules | undefined): void {
  const judged = judgeUrl(target, rules)
  if ('fault' in judged) throw invalid(`may not be asked: ${judged.fault}`)
}

/** Whether an e-mail address is of somebody of the tenant who may sign in. */
export async function isReader(tx: Tx, tenantId: string, address: string): Promise<boolean> {
  const found = await tx.selectFrom('users').select('id').where('tenant_id', '=', tenantId).where(sql<string>`lower(email)`, '=', address.toLowerCase()).where('state', '=', 'active').executeTakeFirst()
  return found !== undefined
}

/**
 * Takes a channel away with what it still had to be told.
 * @throws {Problem} `not_found`
 */
export async function removeChannel({ perform }: ChannelParts, { tenantId, actor }: ChannelOwner, id: string): Promise<void> {
  const run = async (tx: Tx): Promise<Trail> => {
    const gone = await tx.deleteFrom('alert_channels').where('tenant_id', '=', tenantId).where('id', '=', id).returning(['kind', 'name', 'target']).executeTakeFirst()
    if (!gone) throw new Problem('not_found', { detail: 'There is no such channel.' })
    return toTrail(gone)
  }
  await perform({ tenantId, actor, action: 'alert_channel.removed', target: id, detail: {} }, { run, auditDetail: trail => trail })
}
