/** HTTP contract: errors, as problem details (RFC 9457). */

import * as z from 'zod'
import { errorCodes, type ErrorCode } from '../codes.ts'

/** Body of every error, `application/problem+json`. `errors` has the path of each fault; `requestId` comes with 5xx. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  requestId: z.string().optional(),
})

/** See {@link problemSchema}. */
export type Problem = z.infer<typeof problemSchema>
