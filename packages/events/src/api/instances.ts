/** HTTP contract: what people ask of an instance, and what a deployment would do before anybody asks for it. */

import * as z from 'zod'
import { deploymentKindSchema, instanceTypeSchema, nextStepSchema, slugSchema } from '../catalog/deployments.ts'
import { deploymentConfigSchema } from './deployments.ts'

/** Why somebody does something: for the audit trail, in their own words. */
const reasonSchema = z.string().trim().min(1).max(500).optional()

/** POST …/deployments/{d}/cancel and /retry; POST …/instances/{i}/rollback and /delete */
export const commandSchema = z.strictObject({ reason: reasonSchema, idempotencyKey: z.string().min(1).max(200).optional() }).default({})

/** See {@link commandSchema}. */
export type Command = z.input<typeof commandSchema>

/** POST …/instances/{i}/redeploy: without `config` as it was deployed last; fields that are given replace those. */
export const redeploySchema = z.strictObject({
  reason: reasonSchema, idempotencyKey: z.string().min(1).max(200).optional(), config: deploymentConfigSchema.optional(),
}).default({})

/** See {@link redeploySchema}. */
export type Redeploy = z.input<typeof redeploySchema>

/** POST /v1/tenants/{t}/deployments/preview: the deployment that would be made. `kind` is found out when it is missing. */
export const previewQuerySchema = z.strictObject({
  kind: deploymentKindSchema.optional(),
  instanceType: instanceTypeSchema.optional(),
  instanceId: slugSchema.optional(),
  config: deploymentConfigSchema.default({}),
})

/** See {@link previewQuerySchema}. */
export type PreviewQuery = z.input<typeof previewQuerySchema>

const valueSchema = z.union([z.string(), z.number(), z.boolean()])

/** What a deployment would do, as things stand: what is wanted without what is there. */
export const previewSchema = z.object({
  kind: deploymentKindSchema,
  instanceType: instanceTypeSchema,
  /** Configuration fields that would change, with what they are now. */
  changes: z.array(z.object({ field: z.string(), from: valueSchema.optional(), to: valueSchema.optional() })),
  /** In the order of doing, each with its expected seconds. */
  steps: z.array(nextStepSchema.extend({ seconds: z.number() })),
  /** Deployments of this instance that come first. */
  ahead: z.int().min(0),
  /** The deployment that a rollback goes back to. */
  backTo: slugSchema.optional(),
})

/** See {@link previewSchema}. */
export type Preview = z.infer<typeof previewSchema>

/** A stack that can be deployed, and the fields of its configuration. */
const stackSchema = z.object({
  type: instanceTypeSchema,
  /** Its proper name. */
  label: z.string(),
  fields: z.array(z.object({
    name: z.string(),
    /** What is taken where nothing is given. */
    default: z.string(),
    /** Regular expression of the accepted values as a whole. */
    pattern: z.string(),
  })),
})

/** See {@link stackSchema}. */
export type Stack = z.infer<typeof stackSchema>

/** GET /v1/tenants/{t}/stacks */
export const stackListSchema = z.object({ stacks: z.array(stackSchema) })

/** See {@link stackListSchema}. */
export type StackList = z.infer<typeof stackListSchema>

/** POST …/instances/{i}/initial-password: the account that the deployment made, for the first sign-in. */
export const initialAccountSchema = z.object({ user: z.string(), password: z.string() })

/** See {@link initialAccountSchema}. */
export type InitialAccount = z.infer<typeof initialAccountSchema>

/** GET …/instances/{i}/logs */
export const instanceLogQuerySchema = z.strictObject({
  /** How many of the last lines, of all services together. */
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  /** Of this service only. */
  service: slugSchema.optional(),
})

/** Which lines of an instance are read: what a query says, defaults filled in. */
export type InstanceLogWish = z.output<typeof instanceLogQuerySchema>

/** See {@link instanceLogQuerySchema}. */
export type InstanceLogQuery = Partial<InstanceLogWish>

/** What the services of an instance print: nothing of it is kept, it is read where they run. */
export const instanceLogSchema = z.object({
  /** Names of the instance's services, in the order in which they start. */
  services: z.array(z.string()),
  /** Oldest first, each with when it was printed, in milliseconds since the Unix epoch. */
  lines: z.array(z.object({ service: z.string(), stream: z.enum(['stdout', 'stderr']), time: z.int(), text: z.string() })),
})

/** See {@link instanceLogSchema}. */
export type InstanceLog = z.infer<typeof instanceLogSchema>
