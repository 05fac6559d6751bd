/** HTTP contract: exports and erasures of a tenant's history. */

import * as z from 'zod'
import { USER_ID } from '../channel.ts'
import { searchQuerySchema } from './events.ts'

const { channel, q, from, to, type } = searchQuerySchema.shape

/** GET /v1/tenants/{t}/history/exports: one channel of the tenant, or everything that the caller may read. */
export const exportQuerySchema = z.strictObject({ channel, q, from, to, type })

/** See {@link exportQuerySchema}. */
export type ExportQuery = z.input<typeof exportQuerySchema>

/** POST /v1/tenants/{t}/history/erasures */
export const eraseUserSchema = z.strictObject({ userId: z.string().regex(USER_ID, 'a user\'s identifier: a lowercase UUID') })

/** See {@link eraseUserSchema}. */
export type EraseUser = z.infer<typeof eraseUserSchema>

/** How many events were emptied. */
export const erasedSchema = z.object({ erased: z.int().min(0) })

/** See {@link erasedSchema}. */
export type Erased = z.infer<typeof erasedSchema>
