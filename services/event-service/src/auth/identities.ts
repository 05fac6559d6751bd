/** (issuer, subject) of a provider → an account of ours. Whoever comes for the first time gets one. */

import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { Perform } from '../publish/acts.ts'
import type { ExternalIdentity } from './providers.ts'

/** An account as a provider's token leads to it. */
export interface LinkedAccount {
  userId: string
  tenantId: string
  roles: string[]
}

/** What linking needs. */
export interface IdentitiesOptions {
  database: Database
  perform: Perform
  now: () => number
}

/**
 * The account of a person; made, or linked by a verified e-mail address, when they come for the first time.
 * @throws {Problem} `unauthenticated` when the account is shut, or another one has the address
 */
export async function accountOf(options: IdentitiesOptions, identity: ExternalIdentity): Promise<LinkedAccount> {
  const { tenantId } = identity.provider
  const known = await options.database.inTenant(tenantId, tx => find(tx, identity))
  const account = known ?? await link(options, identity)
  if (account.state !== 'active' || account.tenant_state !== 'active') throw new Problem('unauthenticated', { detail: 'This access was revoked.' })
  return { userId: account.id, tenantId, roles: account.roles }
}

interface Found {
  id: string
  roles: string[]
  state: string
  tenant_state: string
}

function find(tx: Tx, { provider, subject }: ExternalIdentity): Promise<Found | undefined> {
  return tx.selectFrom('identities').innerJoin('users', 'users.id', 'identities.user_id').innerJoin('tenants', 'tenants.id', 'users.tenant_id')
    .select(['users.id', 'users.roles', 'users.state', 'tenants.state as tenant_state'])
    .where('identities.issuer', '=', provider.issuer).where('identities.subject', '=', subject).executeTakeFirst()
}

async function link({ database, perform, now }: IdentitiesOptions, identity: ExternalIdentity): Promise<Found> {
  const { provider: { tenantId, issuer, id: provider, roles }, subject } = identity
  const tenant = await database.inTenant(tenantId, tx => tx.selectFrom('tenants').select('state').where('id', '=', tenantId).executeTakeFirst())
  if (tenant?.state !== 'active') throw new Problem('unauthenticated', { detail: 'This access was revoked.' })
  const fresh = randomUUID()
  const { result } = await perform({ tenantId, actor: { type: 'system', id: 'identity-provider' }, action: 'user.linked', target: fresh, detail: { provider, roles } }, {
    run: async tx => {
      // Of two first requests at once the second finds the account of the first.
      const known = await find(tx, identity)
      if (known) return known
      const userId = await chooseAccount(tx, identity, { fresh, now: now() })
      await tx.insertInto('identities').values({ issuer, subject, tenant_id: tenantId, user_id: userId }).execute()
      const linked = await find(tx, identity)
      if (!linked) throw new Problem('internal')
      return linked
    },
    auditDetail: ({ id }) => ({ userId: id }),
  })
  return result
}

async function chooseAccount(tx: Tx, { provider, subject, email, isEmailVerified, name }: ExternalIdentity, { fresh, now }: { fresh: string, now: number }): Promise<string> {
  const { tenantId, id, roles } = provider
  const own = email === undefined ? undefined : await tx.selectFrom('users').select('id').where('tenant_id', '=', tenantId).where(sql`lower(email)`, '=', email).executeTakeFirst()
  if (own && isEmailVerified) return own.id
  if (own) throw new Problem('unauthenticated', { detail: 'The identity provider has not verified the e-mail address, which belongs to another account.' })
  await tx.insertInto('users').values({
    id: fresh, tenant_id: tenantId, email: email ?? `${fresh}@${id}.invalid`, name: name ?? email ?? subject.slice(0, 120), roles: [...roles], password_hash: null, created_at: new Date(now),
  }).execute()
  return fresh
}
