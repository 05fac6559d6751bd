/** HTTP contract: sign-in, sessions and realtime tokens. */

import * as z from 'zod'

/** The signed-in person or service. */
export const userSchema = z.object({
  id: z.string(),
  tenantId: z.string(),
  email: z.string().optional(),
  name: z.string(),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  /** The session stands on a one-time password: nothing is allowed but to set another one. */
  mustChangePassword: z.boolean().optional(),
})

/** See {@link userSchema}. */
export type User = z.infer<typeof userSchema>

/** Which portal signs in: it has a session and a cookie of its own. */
export const portalSchema = z.enum(['tenant', 'admin', 'certification', 'api'])

/** GET /v1/session/providers: identity providers that a person may sign in through. */
export const providerListSchema = z.object({ providers: z.array(z.object({ id: z.string(), name: z.string() })) })

/** See {@link providerListSchema}. */
export type ProviderList = z.infer<typeof providerListSchema>

/** POST /v1/session */
export const signInSchema = z.strictObject({
  email: z.string().min(3).max(254),
  password: z.string().min(1).max(256),
  portal: portalSchema.default('api'),
})

/** See {@link signInSchema}. */
export type SignIn = z.input<typeof signInSchema>

/** Answer to sign-in and refresh; the refresh token travels in an httpOnly cookie. */
export const sessionSchema = z.object({ user: userSchema, accessToken: z.string(), expiresAt: z.iso.datetime() })

/** See {@link sessionSchema}. */
export type Session = z.infer<typeof sessionSchema>

/** POST /v1/session/refresh, DELETE /v1/session: the cookie says who, the body which portal. */
export const refreshSchema = z.strictObject({ portal: portalSchema.default('api') })

/** Name of the cookie that says, without a secret and readable by the page, that a portal has a session to take up. */
export function signedInCookie(portal: string): string {
  return `neo_signed_in_${portal}`
}

/** GET /v1/session */
export const whoAmISchema = z.object({ user: userSchema })

/** POST /v1/realtime/connection-token */
export const connectionTokenSchema = z.object({ token: z.string(), expiresAt: z.iso.datetime() })

/** See {@link connectionTokenSchema}. */
export type ConnectionToken = z.infer<typeof connectionTokenSchema>

/** POST /v1/realtime/subscription-tokens */
export const subscriptionTokensRequestSchema = z.strictObject({ channels: z.array(z.string().min(1).max(255)).min(1).max(100) })

/** A token per channel, or why there is none. */
export const subscriptionTokensSchema = z.object({
  tokens: z.record(z.string(), z.union([z.string(), z.object({ error: z.object({ code: z.string(), detail: z.string() }) })])),
})

/** See {@link subscriptionTokensSchema}. */
export type SubscriptionTokens = z.infer<typeof subscriptionTokensSchema>
