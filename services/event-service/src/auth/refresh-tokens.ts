/**
 * Refresh tokens: 256 bits, kept as SHA-256, each used once. The successor is derived from its predecessor with a secret, so that two
 * tabs refreshing at once, or an answer that was lost, get the same one without the service keeping any token.
 */

import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Tx } from '../database/database.ts'

/** How long a used token still answers with its successor. */
const GRACE_MS = 30_000

/** More rotations than this within the grace are no accident. */
const MAX_STEPS = 10

/** Which session a token belongs to. */
export interface TokenOwner {
  tenantId: string
  sessionId: string
}

/** What a presented token turned out to be. `reused`: it was used before, too long ago: somebody has a copy. */
export type Rotation = TokenOwner & ({ kind: 'rotated', token: string } | { kind: 'reused' })

/** Stores the first token of a session. */
export async function startTokens(tx: Tx, owner: TokenOwner, now: number): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await insert(tx, owner, { token, now })
  return token
}

/** Uses a token; `undefined` when nobody knows it. Concurrent uses wait for each other at the row. */
export async function rotateToken(tx: Tx, token: string, { secret, now }: { secret: string, now: number }): Promise<Rotation | undefined> {
  let current = token
  for (let step = 0; step < MAX_STEPS; step++) {
    const row = await tx.selectFrom('refresh_tokens').selectAll().where('hash', '=', hashOf(current)).forUpdate().executeTakeFirst()
    if (!row) return undefined
    const owner = { tenantId: row.tenant_id, sessionId: row.session_id }
    const next = createHmac('sha256', secret).update(current).digest('base64url')
    if (!row.used_at) {
      // Reached through the grace, the newest token is handed out unused.
      if (step > 0) return { ...owner, kind: 'rotated', token: current }
      await tx.updateTable('refresh_tokens').set({ used_at: new Date(now) }).where('hash', '=', row.hash).execute()
      await insert(tx, owner, { token: next, now })
      return { ...owner, kind: 'rotated', token: next }
    }
    if (now - row.used_at.getTime() > GRACE_MS) return { ...owner, kind: 'reused' }
    current = next
  }
  return undefined
}

/** Which session a token belongs to, without using it. */
export async function findOwner(tx: Tx, token: string): Promise<TokenOwner | undefined> {
  const row = await tx.selectFrom('refresh_tokens').select(['tenant_id', 'session_id']).where('hash', '=', hashOf(token)).executeTakeFirst()
  return row && { tenantId: row.tenant_id, sessionId: row.session_id }
}

async function insert(tx: Tx, { tenantId, sessionId }: TokenOwner, { token, now }: { token: string, now: number }): Promise<void> {
  await tx.insertInto('refresh_tokens').values({ hash: hashOf(token), tenant_id: tenantId, session_id: sessionId, created_at: new Date(now) }).execute()
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
