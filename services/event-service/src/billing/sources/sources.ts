/** Billing systems whose webhooks are taken in. A source belongs to a tenant; the operators' (tenant `platform`) maps its customers to tenants. */

import { randomBytes, randomUUID } from 'node:crypto'
import { PLATFORM_TENANT, type Actor, type BillingSource, type CreateSource, type SourceSecret } from '@neo-stack/events'
import type { Database, Tx } from '../../database/database.ts'
import { Problem } from '../../errors.ts'
import { appendAudit } from '../../plugins/audit.ts'
import { hashOf } from '../../publish/publish.ts'
import type { WritePath } from '../../publish/write-path.ts'
import type { Seal } from '../../outbound/seal.ts'

/** What sources are managed with. */
export interface SourcesOptions {
  database: Database
  writePath: Pick<WritePath, 'write'>
  seal: Seal
  now: () => number
}

/** Who manages whose sources. */
export interface SourceOwner {
  tenantId: string
  actor: Actor
}

/** A source as its webhooks are checked. */
export interface OpenedSource {
  id: string
  tenantId: string
  kind: BillingSource['kind']
  secrets: string[]
}

/** A new source; its secret is missing where the same key had made it before. */
type SourceCreated = Pick<SourceSecret, 'source'> & Partial<SourceSecret>

/** See {@link createSources}. Every act is audited; secrets are in no answer but the one that made them. */
export interface Sources {
  list: (tenantId: string) => Promise<BillingSource[]>
  /**
   * A repeat under the same key makes nothing and shows no secret.
   * @throws {Problem} `invalid_request` for a secret that its scheme cannot use, `unprocessable` for one source too many, `idempotency_conflict`
   */
  create: (owner: SourceOwner, source: CreateSource, idempotencyKey?: string) => Promise<SourceCreated>
  /** Makes or takes a new secret; older ones end after `overlapSeconds`. @throws {Problem} `not_found` */
  rotate: (owner: SourceOwner, id: string, by: { secret?: string | undefined, overlapSeconds: number }) => Promise<SourceSecret>
  /** @throws {Problem} `not_found` */
  remove: (owner: SourceOwner, id: string) => Promise<void>
  /** Puts customers in place of all there were. @throws {Problem} `not_found`, `invalid_request` for a tenant that does not exist */
  putCustomers: (owner: SourceOwner, id: string, customers: readonly { customer: string, tenantId: string }[]) => Promise<BillingSource>
  /** For the intake: any tenant's source with the secrets that are accepted now. */
  open: (id: string) => Promise<OpenedSource | undefined>
  /** Which tenant a customer of an operators' source is. */
  tenantOf: (id: string, customer: string) => Promise<string | undefined>
}

/** Sources of one tenant. */
const MAX_SOURCES = 20

/** Secrets of one source that are accepted at the same time. */
const MAX_SECRETS = 5

/** Creates the service of sources. */
export function createSources(options: SourcesOptions): Sources {
  const { database, seal, now } = options
  return {
    list: tenantId => database.inTenant(tenantId, tx => readSources(tx, now())),
    create: (owner, source, idempotencyKey) => createSource(options, { owner, source, idempotencyKey }),
    rotate: (owner, id, { secret, overlapSeconds }) => database.inTenant(owner.tenantId, async tx => {
      const source = await findSource(tx, id)
      await tx.updateTable('billing_source_secrets').set({ expires_at: new Date(now() + overlapSeconds * 1000) }).where('source_id', '=', id)
        .where(eb => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', new Date(now() + overlapSeconds * 1000))])).execute()
      return addSecret(options, tx, { owner, source, secret, action: 'billing_source.rotated' })
    }),
    remove: (owner, id) => database.inTenant(owner.tenantId, async tx => {
      await findSource(tx, id)
      await tx.deleteFrom('billing_sources').where('id', '=', id).execute()
      await appendAudit(tx, { ...owner, action: 'billing_source.removed', target: id }, now())
    }),
    // Foreign tenants' identifiers are looked up, which only a transaction of the system may.
    putCustomers: (owner, id, customers) => database.inSystem(async tx => {
      await findSource(tx, id, owner.tenantId)
      await assertTenants(tx, customers)
      await tx.deleteFrom('billing_source_customers').where('source_id', '=', id).execute()
      for (const one of customers) {
        await tx.insertInto('billing_source_customers').values({ tenant_id: owner.tenantId, source_id: id, customer: one.customer, customer_tenant_id: one.tenantId })
          .onConflict(conflict => conflict.columns(['source_id', 'customer']).doUpdateSet({ customer_tenant_id: one.tenantId })).execute()
      }
      await appendAudit(tx, { ...owner, action: 'billing_source.customers_replaced', target: id, detail: { customers: customers.length } }, now())
      return readSource(tx, id, now())
    }),
    open: id => database.inSystem(async tx => {
      const source = await tx.selectFrom('billing_sources').select(['id', 'tenant_id', 'kind']).where('id', '=', id).executeTakeFirst()
      if (!source) return undefined
      const rows = await readSecrets(tx, [id], now())
      return { id, tenantId: source.tenant_id, kind: source.kind, secrets: rows.map(({ sealed }) => seal.open(sealed)) }
    }),
    tenantOf: (id, customer) => database.inTenant(PLATFORM_TENANT, async tx => {
      const row = await tx.selectFrom('billing_source_customers').select('customer_tenant_id').where('source_id', '=', id).where('customer', '=', customer).executeTakeFirst()
      return row?.customer_tenant_id
    }),
  }
}

interface NewSource {
  owner: SourceOwner
  source: CreateSource
  idempotencyKey: string | undefined
}

/** By way of the write path, which knows what was done under a key; the answer it keeps holds no secret. */
async function createSource(options: SourcesOptions, { owner, source, idempotencyKey }: NewSource): Promise<SourceCreated> {
  const { tenantId } = owner
  let created: SourceSecret | undefined
  const within = async (tx: Tx): Promise<void> => { created = await addSource(options, tx, { owner, source }) }
  const key = idempotencyKey === undefined ? undefined : { scope: `${tenantId}/billing-sources`, key: idempotencyKey, bodyHash: hashOf(source) }
  const first = await options.writePath.write({ tenantId, events: [], within, answer: () => created?.source, ...key && { key } }) as BillingSource
  return created ?? { source: first }
}

async function addSource(options: SourcesOptions, tx: Tx, { owner, source: { name, kind, secret } }: Omit<NewSource, 'idempotencyKey'>): Promise<SourceSecret> {
  const now = options.now()
  if ((await readSources(tx, now)).length >= MAX_SOURCES) throw new Problem('unprocessable', { detail: `A tenant has at most ${MAX_SOURCES} sources.` })
  const id = `${kind}-${randomBytes(9).toString('hex')}`
  await tx.insertInto('billing_sources').values({ id, tenant_id: owner.tenantId, name, kind, created_at: new Date(now) }).execute()
  return addSecret(options, tx, { owner, source: { id, kind }, secret, action: 'billing_source.created' })
}

async function findSource(tx: Tx, id: string, tenantId?: string): Promise<Pick<BillingSource, 'id' | 'kind'>> {
  const row = await tx.selectFrom('billing_sources').select(['id', 'kind', 'tenant_id']).where('id', '=', id).executeTakeFirst()
  if (!row || (tenantId !== undefined && row.tenant_id !== tenantId)) throw new Problem('not_found', { detail: 'There is no such source.' })
  return row
}

async function assertTenants(tx: Tx, customers: readonly { tenantId: string }[]): Promise<void> {
  const known = new Set((await tx.selectFrom('tenants').select('id').execute()).map(({ id }) => id))
  const errors = customers.flatMap(({ tenantId }, index) => known.has(tenantId) && tenantId !== PLATFORM_TENANT ? [] : [{ path: `customers.${index}.tenantId`, message: 'there is no such tenant' }])
  if (errors.length > 0) throw new Problem('invalid_request', { errors: errors.slice(0, 20) })
}

interface NewSecret {
  owner: SourceOwner
  source: Pick<BillingSource, 'id' | 'kind'>
  secret: string | undefined
  action: string
}

async function addSecret({ seal, now }: SourcesOptions, tx: Tx, { owner, source, secret: given, action }: NewSecret): Promise<SourceSecret> {
  if ((await readSecrets(tx, [source.id], now())).length >= MAX_SECRETS) throw new Problem('unprocessable', { detail: `A source has at most ${MAX_SECRETS} secrets at a time; rotate with a shorter overlap.` })
  const secret = given ?? mintSecret(source.kind)
  if (source.kind === 'standard' && !isStandardSecret(secret)) throw new Problem('invalid_request', { errors: [{ path: 'secret', message: 'whsec_ and base64 of 24 to 64 bytes' }] })
  const id = randomUUID()
  await tx.insertInto('billing_source_secrets').values({
    id, tenant_id: owner.tenantId, source_id: source.id, sealed: seal.close(secret), hint: `…${secret.slice(-4)}`, created_at: new Date(now()), expires_at: null,
  }).execute()
  await appendAudit(tx, { ...owner, action, target: source.id, detail: { secret: id } }, now())
  return { source: await readSource(tx, source.id, now()), secret }
}

/** Stripe makes its own. */
function mintSecret(kind: BillingSource['kind']): string {
  if (kind === 'stripe') throw new Problem('invalid_request', { errors: [{ path: 'secret', message: 'Stripe shows the secret of its endpoint: give it here' }] })
  return `whsec_${randomBytes(32).toString('base64')}`
}

function isStandardSecret(secret: string): boolean {
  const base64 = secret.replace(/^whsec_/, '')
  const bytes = Buffer.from(base64, 'base64')
  return bytes.toString('base64') === base64 && bytes.length >= 24 && bytes.length <= 64
}

type SecretRow = { id: string, source_id: string, sealed: string, hint: string, created_at: Date, expires_at: Date | null }

/** Those that are accepted now, newest first. */
function readSecrets(tx: Tx, sourceIds: readonly string[], now: number): Promise<SecretRow[]> {
  return tx.selectFrom('billing_source_secrets').select(['id', 'source_id', 'sealed', 'hint', 'created_at', 'expires_at']).where('source_id', 'in', [...sourceIds, ''])
    .where(eb => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', new Date(now))])).orderBy('created_at', 'desc').orderBy('id').execute()
}

async function readSource(tx: Tx, id: string, now: number): Promise<BillingSource> {
  const found = (await readSources(tx, now)).find(source => source.id === id)
  if (!found) throw new Problem('not_found')
  return found
}

async function readSources(tx: Tx, now: number): Promise<BillingSource[]> {
  const sources = await tx.selectFrom('billing_sources').selectAll().orderBy('created_at').orderBy('id').execute()
  const ids = sources.map(({ id }) => id)
  const secrets = await readSecrets(tx, ids, now)
  const customers = await tx.selectFrom('billing_source_customers').selectAll().where('source_id', 'in', [...ids, '']).orderBy('customer').execute()
  return sources.map(({ id, tenant_id: tenantId, name, kind, created_at: createdAt }) => ({
    id, name, kind, path: `/v1/webhooks/billing/${id}`, createdAt: createdAt.toISOString(),
    ...tenantId === PLATFORM_TENANT && { customers: customers.filter(one => one.source_id === id).map(one => ({ customer: one.customer, tenantId: one.customer_tenant_id })) },
    secrets: secrets.filter(one => one.source_id === id).map(one => ({
      id: one.id, hint: one.hint, createdAt: one.created_at.toISOString(), ...one.expires_at && { expiresAt: one.expires_at.toISOString() },
    })),
  }))
}
