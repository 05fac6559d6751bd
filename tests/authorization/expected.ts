/**
 * What every cell of the authorization matrix answers (RELIABILITY 5.3), written by hand and not computed from the access table it judges.
 * The types are those of `access.ts` and `channel.ts`: a new family, role or action without a row here does not compile.
 */

import type { ChannelAction, ChannelFamily, Role } from '@neo-stack/events'

/** Forms that are no channel of this platform. */
export type Strange = 'unknown namespace' | 'unknown family' | 'prefix collision' | 'confusable letter' | 'encoded' | 'over-long'

/** What a cell is about: a family of acme's, or of the platform's; somebody else's channel; a strange form. */
export type Kind = ChannelFamily | 'user, the owner' | Strange

/** Who comes with an identity: everybody of acme, but the two of globex and the operator. */
export type Known = `acme ${Exclude<Role, 'admin'>}` | 'acme key' | 'globex viewer' | 'globex owner' | 'operator'

/** Who comes without one that is good. */
export type Unknown = 'nobody' | 'malformed' | 'expired' | 'not yet valid' | 'wrong audience' | 'wrong issuer' | 'alg none' | 'public key as secret' | 'revoked' | 'suspended tenant\'s key'

/** The order of the columns below. */
export const known: readonly Known[] = ['globex viewer', 'globex owner', 'acme viewer', 'acme member', 'acme manager', 'acme owner', 'acme key', 'operator']

/** A status per column: 2xx lets in, everything else denies. `snapshot` is left out where the kind has none. */
export type Row = Record<ChannelAction, string> & { snapshot?: string }

const nowhere = { subscribe: '404 404 404 404 404 404 404 404', history: '404 404 404 404 404 404 404 404', publish: '400 400 400 400 400 400 400 400' }

/** 422: may be read, and keeps no history. */
export const expected: Record<Kind, Row> = {
  'deployments': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 200 200 200 200 200 200',
    publish: '404 404 403 201 201 201 201 403', snapshot: '404 404 200 200 200 200 200 200',
  },
  'deployment-log': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 200 200 200 200 200 200',
    publish: '404 404 403 403 403 201 201 403', snapshot: '404 404 200 200 200 200 200 200',
  },
  'billing': {
    subscribe: '404 404 403 403 200 200 200 200', history: '404 404 403 403 200 200 200 200',
    publish: '404 404 403 403 403 201 201 403', snapshot: '404 404 403 403 200 200 200 200',
  },
  'metrics': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 422 422 422 422 422 422',
    publish: '404 404 403 403 403 201 201 403', snapshot: '404 404 200 200 200 200 200 200',
  },
  'alerts': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 200 200 200 200 200 200',
    publish: '404 404 403 403 201 201 201 403', snapshot: '404 404 200 200 200 200 200 200',
  },
  'presence': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 422 422 422 422 422 422',
    publish: '404 404 403 403 403 201 201 403', snapshot: '404 404 200 200 200 200 200 200',
  },
  'activity': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 200 200 200 200 200 200',
    publish: '404 404 403 403 403 201 201 403',
  },
  'certification': {
    subscribe: '404 404 200 200 200 200 200 200', history: '404 404 200 200 200 200 200 200',
    publish: '404 404 403 403 403 403 403 403', snapshot: '404 404 200 200 200 200 200 200',
  },
  'admin-metrics': {
    subscribe: '403 403 403 403 403 403 403 200', history: '403 403 403 403 403 403 403 422',
    publish: '403 403 403 403 403 403 403 201', snapshot: '403 403 403 403 403 403 403 200',
  },
  'admin-alerts': {
    subscribe: '403 403 403 403 403 403 403 200', history: '403 403 403 403 403 403 403 200',
    publish: '403 403 403 403 403 403 403 201', snapshot: '404 404 404 404 404 404 404 200',
  },
  'admin-activity': {
    subscribe: '403 403 403 403 403 403 403 200', history: '403 403 403 403 403 403 403 200',
    publish: '403 403 403 403 403 403 403 403', snapshot: '403 403 403 403 403 403 403 200',
  },
  'admin-tenants': {
    subscribe: '403 403 403 403 403 403 403 200', history: '403 403 403 403 403 403 403 200',
    publish: '403 403 403 403 403 403 403 403', snapshot: '403 403 403 403 403 403 403 200',
  },
  'user': {
    subscribe: '404 404 404 200 404 404 404 404', history: '404 404 404 200 404 404 404 404', publish: '404 404 403 403 403 403 403 403',
  },
  'user, the owner': {
    subscribe: '404 404 404 404 404 200 404 404', history: '404 404 404 404 404 200 404 404', publish: '404 404 403 403 403 403 403 403',
  },
  'announcements': {
    subscribe: '200 200 200 200 200 200 200 200', history: '200 200 200 200 200 200 200 200', publish: '403 403 403 403 403 403 403 201',
  },
  'unknown namespace': nowhere,
  'unknown family': nowhere,
  'prefix collision': nowhere,
  'confusable letter': nowhere,
  'encoded': nowhere,
  'over-long': { subscribe: '400 400 400 400 400 400 400 400', history: '400 400 400 400 400 400 400 400', publish: '400 400 400 400 400 400 400 400' },
}

/** What the engine says to a form of its own kind of wrong: 102 unknown namespace, 103 no token for it, 107 no name, 108 keeps nothing. */
export const strange: Record<Strange, Record<ChannelAction, string>> = {
  'unknown namespace': { subscribe: 'error 102', history: 'error 102', publish: 'error 102' },
  'unknown family': { subscribe: 'error 103', history: 'error 103', publish: 'error 103' },
  'prefix collision': { subscribe: 'error 103', history: 'error 103', publish: 'error 103' },
  'confusable letter': { subscribe: 'error 107', history: 'error 107', publish: 'error 107' },
  'encoded': { subscribe: 'error 103', history: 'error 108', publish: 'error 103' },
  'over-long': { subscribe: 'error 107', history: 'error 107', publish: 'error 107' },
}

/** Where Centrifugo looks for a right before it measures the name. */
export const unmeasured: Partial<Record<Strange, Partial<Record<ChannelAction, string>>>> = { 'over-long': { history: 'error 103', publish: 'error 103' } }

/** How the engine answers the connection of whoever has no good token: with an error, or by closing. REST answers all of them 401. */
export const refusals: Record<Unknown, string> = {
  'nobody': 'closed 3501',
  'malformed': 'closed 3500',
  'expired': 'error 109',
  'not yet valid': 'error 109',
  'wrong audience': 'closed 3500',
  'wrong issuer': 'closed 3500',
  'alg none': 'closed 3500',
  'public key as secret': 'closed 3500',
  'revoked': 'closed 3503',
  'suspended tenant\'s key': 'closed 3503',
}
