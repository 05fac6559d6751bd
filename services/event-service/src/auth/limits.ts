/** Limits on guessing: sign-ins per address and per e-mail, unknown API keys per address. */

import { createLimiter, type Limit, type Limiter } from '../plugins/limiter.ts'

/** All limits. */
export interface AuthLimits {
  /** Wrong current passwords of one account. @default 10 per 300 s */
  passwordPerUser?: Limit
  /** Sign-ins from one address, successful ones too: each costs a password hash. @default 60 per 60 s */
  signInPerAddress?: Limit
  /** Failed sign-ins to one account. @default 10 per 300 s */
  signInPerEmail?: Limit
  /** Unknown API keys from one address. @default 60 per 60 s */
  wrongKeysPerAddress?: Limit
}

/** See {@link AuthLimits}. */
export type AuthLimiters = Record<keyof AuthLimits, Limiter>

/** Creates the limiters of one process; they count in memory. */
export function createAuthLimiters(limits: AuthLimits = {}): AuthLimiters {
  return {
    signInPerAddress: createLimiter(limits.signInPerAddress ?? { points: 60, seconds: 60 }),
    passwordPerUser: createLimiter(limits.passwordPerUser ?? { points: 10, seconds: 300 }),
    signInPerEmail: createLimiter(limits.signInPerEmail ?? { points: 10, seconds: 300 }),
    wrongKeysPerAddress: createLimiter(limits.wrongKeysPerAddress ?? { points: 60, seconds: 60 }),
  }
}
