/** Everybody of a tenant who may hold a realtime connection. */

import type { Database } from '../database/database.ts'
import { userOf } from './tokens.ts'

/** Users and keys of a tenant, also disabled and revoked ones, as `{tenantId}/{userId}`: what realtime calls them. */
export async function listHolders(database: Database, tenantId: string): Promise<string[]> {
  const ids = await database.inTenant(tenantId, async tx => [
    ...await tx.selectFrom('users').select('id').execute(), ...await tx.selectFrom('api_keys').select('id').execute(),
  ])
  return ids.map(({ id }) => userOf({ tenantId, userId: id }))
}
