/** Brings accounts, keys, tokens and revocation together; `app.ts` gives them their routes. */

import type { Database } from './database/database.ts'
import { createAccounts, type Accounts } from './auth/accounts.ts'
import { createApiKeys, type ApiKeys } from './auth/api-keys.ts'
import { AuthMiddleware } from './auth/authenticate.ts'
import { createKeySet, type KeySet } from './auth/keys.ts'
import { mintKey } from './auth/key-form.ts'
import { accountOf, type LinkedAccount } from './auth/identities.ts'
import { createAuthLimiters, type AuthLimiters, type AuthLimits } from './auth/limits.ts'
import { createPasswords } from './auth/passwords.ts'
import { createProviderSignIn, type ProviderSignIn } from './auth/provider-sign-in.ts'
import { createExternalTokens, type ExternalIdentity, type IdentityProvider } from './auth/providers.ts'
import type { AuditChannels } from './auth/realtime-routes.ts'
import { createRevocation, type Revocation } from './auth/revocation.ts'
import { createOpenSessions, type OpenSessions } from './auth/session-list.ts'
import { createSessions, type Sessions } from './auth/sessions.ts'
import { createTokens, type Tokens } from './auth/tokens.ts'
import { appendAudit } from './plugins/audit.ts'
import type { Perform } from './publish/acts.ts'
import { actorOf } from './publish/publish.ts'
import * as seed from './tenants/seed.ts'

/** What identity is made of. */
export interface IdentityOptions {
  database: Database
  /** Carries out what is audited. */
  perform: Perform
  /** Signs tokens. @default a new set: tokens end with the process */
  keys?: KeySet
  /** Issuer of tokens. @default 'neo-stack' */
  issuer?: string
  /** Given where realtime asks it too. @default one of its own */
  revocation?: Revocation
  authLimits?: AuthLimits
  /** Providers whose people may come in. @default none */
  identityProviders?: readonly IdentityProvider[]
  /** Where browsers find the service; sign-in through a provider needs it. */
  publicUrl?: string
  /** Makes a new key sign. @default it cannot be asked for */
  rotateKeys?: () => Promise<unknown>
  /** log2 of scrypt's N; less is for tests. @default 15 */
  passwordCost?: number
  /** Lifetime of realtime tokens in seconds. @default 300 */
  realtimeSeconds?: number
  /** The channel that every connection of a session is put on. @default none */
  sessionChannel?: ((sessionId: string) => string) | undefined
  now?: () => number
  /** Told what failed outside any request. */
  onFault?: (error: unknown) => void
}

/** Accounts, keys, tokens and revocation of one service. */
export interface IdentityService {
  keys: KeySet
  tokens: Tokens
  apiKeys: ApiKeys
  sessions: Sessions
  revocation: Revocation
  auth: AuthMiddleware
  auditChannels: AuditChannels
  accounts: Accounts
  openSessions: OpenSessions
  /** Sign-in through providers. */
  providerSignIn: ProviderSignIn | undefined
  accountOf: (identity: ExternalIdentity) => Promise<LinkedAccount>
  limiters: AuthLimiters
  perform: Perform
  rotateKeys: (() => Promise<unknown>) | undefined
}

/** How first accounts are made. */
export interface AccountOptions {
  /** log2 of scrypt's N; less is for tests. @default 15 */
  passwordCost?: number
  now?: () => number
}

/** Creates identity over a database. */
export async function createIdentity(options: IdentityOptions): Promise<IdentityService> {
  const { database, perform, now = Date.now, issuer, realtimeSeconds, sessionChannel, onFault } = options
  const keys = options.keys ?? await createKeySet()
  const revocation = options.revocation ?? await createRevocation({ database, now })
  const tokens = createTokens({ keys, now, ...issuer !== undefined && { issuer }, ...realtimeSeconds !== undefined && { realtimeSeconds }, ...sessionChannel && { sessionChannel } })
  const apiKeys = createApiKeys({ database, perform, revocation, now, ...onFault && { onFault } })
  const limiters = createAuthLimiters(options.authLimits)
  const passwords = createPasswords(options.passwordCost)
  const { identityProviders = [], publicUrl } = options
  const linkAccount = (identity: ExternalIdentity): Promise<LinkedAccount> => accountOf({ database, perform, now }, identity)
  return {
    keys, tokens, apiKeys, revocation,
    sessions: createSessions({ database, perform, tokens, passwords, revocation, limiters, secret: keys.secret, now }),
    auth: new AuthMiddleware({
      tokens, apiKeys, revocation, now, wrongKeys: limiters.wrongKeysPerAddress,
      ...identityProviders.length > 0 && { external: { tokens: createExternalTokens({ providers: identityProviders, now }), accountOf: linkAccount } },
    }),
    accountOf: linkAccount, limiters, perform, rotateKeys: options.rotateKeys,
    providerSignIn: publicUrl === undefined ? undefined : createProviderSignIn({ providers: identityProviders, publicUrl, secret: keys.secret, now }),
    auditChannels: createAuditChannels(database, now),
    accounts: createAccounts({ database, perform, passwords, revocation, limiters, now }),
    openSessions: createOpenSessions({ database, perform, revocation, now }),
  }
}

/**
 * Adds the demonstration's tenants `acme` and `globex`, their users and keys, an operator and the operator's key.
 * @returns what was added, passwords and keys in the clear: empty the second time
 */
export function seedDemo(database: Database, options: AccountOptions = {}): Promise<seed.Seeded> {
  return seed.seedDemo(toSeedOptions(database, options))
}

/** Adds `operator@neo.example` with a random password, unless there is an operator. */
export function createOperator(database: Database, options: AccountOptions = {}): Promise<seed.Seeded> {
  return seed.createOperator(toSeedOptions(database, options))
}

function toSeedOptions(database: Database, { passwordCost, now }: AccountOptions): seed.SeedOptions {
  return { database, hashPassword: createPasswords(passwordCost).hash, mintKey, ...now && { now } }
}

function createAuditChannels(database: Database, now: () => number): AuditChannels {
  return async (operator, channels) => {
    if (channels.length === 0) return
    await database.inSystem(async tx => {
      const owners = await tx.selectFrom('tenants').select('id').where('id', 'in', channels.map(({ tenantId }) => tenantId)).execute()
      // In the order of tenants, whose chains are held until the commit: two of these never wait for each other.
      const known = channels.filter(channel => owners.some(({ id }) => id === channel.tenantId)).toSorted((a, b) => a.tenantId < b.tenantId ? -1 : 1)
      for (const { name, tenantId } of known) {
        await appendAudit(tx, { tenantId, actor: actorOf(operator), action: 'tenant.read', target: name, detail: { route: 'subscription-token' } }, now())
      }
    })
  }
}
