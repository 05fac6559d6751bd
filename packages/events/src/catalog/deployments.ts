/** Events of the deployments family and of deployment logs (specification case 1). */

import * as z from 'zod'
import { SLUG } from '../channel.ts'
import { defineEvent } from './define.ts'

/** Which stack of the catalogue an instance is of. Short enough that a deployment's identifier can begin with it. */
export const instanceTypeSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be the name of a stack: lowercase letters, digits and hyphens, at most 40')

/** See {@link instanceTypeSchema}. */
export type InstanceType = z.infer<typeof instanceTypeSchema>

/** What a deployment does to its instance. */
export const deploymentKindSchema = z.enum(['create', 'redeploy', 'rollback', 'delete'])

/** See {@link deploymentKindSchema}. */
export type DeploymentKind = z.infer<typeof deploymentKindSchema>

/** Where a deployment is; `completed`, `failed` and `cancelled` are final. */
export const deploymentStatusSchema = z.enum(['queued', 'starting', 'in_progress', 'completed', 'failed', 'cancelled'])

/** See {@link deploymentStatusSchema}. */
export type DeploymentStatus = z.infer<typeof deploymentStatusSchema>

/** Identifier of a tenant, an instance or a deployment. */
export const slugSchema = z.string().regex(SLUG, 'lowercase letters, digits and hyphens, 1 to 63, not starting with a hyphen')

/** Parameters that a translated sentence may hold. */
export const paramsSchema = z.record(z.string().max(64), z.union([z.string().max(500), z.number()]))

/** One thing a person can do next, in the order of doing; `id` is a message key. */
export const nextStepSchema = z.strictObject({ id: z.string().max(64), params: paramsSchema.default({}), url: z.url().max(2000).optional() })

/** See {@link nextStepSchema}. */
export type NextStep = z.infer<typeof nextStepSchema>

/** What every deployment event may say; all but the identifiers are a patch that readers merge. */
const patch = {
  deploymentId: slugSchema,
  /** Filled in by the service from the deployment when it is missing. */
  instanceId: slugSchema.optional(),
  instanceType: instanceTypeSchema.optional(),
  name: z.string().min(1).max(120).optional(),
  kind: deploymentKindSchema.optional(),
  progress: z.number().min(0).max(100).optional(),
  /** Message key of the current step. */
  step: z.string().max(64).optional(),
  params: paramsSchema.optional(),
  /** The current step as a Portuguese sentence, for readers without the message. */
  currentStep: z.string().max(500).optional(),
  /** Lines to append to the deployment's log as `system` lines. */
  logs: z.array(z.string().max(16_384)).max(1000).optional(),
  /** When it was taken up: before that it waited in the queue. */
  startedAt: z.iso.datetime().optional(),
  /** Seconds that the catalogue's figures make of its steps, from `startedAt` on. */
  expectedSeconds: z.number().min(0).optional(),
  estimatedCompletion: z.iso.datetime().optional(),
  nextSteps: z.array(nextStepSchema).max(20).optional(),
  /** Steps that an earlier try carried out and whose result is used again. */
  keptSteps: z.array(nextStepSchema).max(50).optional(),
  /** True where nothing real was deployed. */
  simulated: z.boolean().optional(),
}

export const deploymentStart = defineEvent({
  type: 'deployment_start',
  families: ['deployments'],
  doc: 'A deployment was taken up (or queued)',
  data: z.strictObject({ ...patch, instanceType: instanceTypeSchema, status: z.enum(['queued', 'starting']).default('starting') }),
})

export const deploymentProgress = defineEvent({
  type: 'deployment_progress',
  families: ['deployments'],
  doc: 'A deployment advanced: a patch that readers merge',
  data: z.strictObject({ ...patch, progress: z.number().min(0).max(100), status: z.enum(['starting', 'in_progress']).default('in_progress') }),
})

export const deploymentComplete = defineEvent({
  type: 'deployment_complete',
  families: ['deployments'],
  doc: 'A deployment succeeded',
  data: z.strictObject({
    ...patch,
    status: z.literal('completed').default('completed'),
    progress: z.literal(100).default(100),
    instanceUrl: z.url().max(2000).optional(),
  }),
})

export const deploymentError = defineEvent({
  type: 'deployment_error',
  families: ['deployments'],
  doc: 'A deployment failed, with the reason',
  data: z.strictObject({
    ...patch,
    status: z.literal('failed').default('failed'),
    /** The reason as a sentence. */
    error: z.string().min(1).max(2000),
    /** Message key of the reason, with `params`. */
    messageKey: z.string().max(64).optional(),
  }),
})

export const deploymentCancelled = defineEvent({
  type: 'deployment_cancelled',
  families: ['deployments'],
  doc: 'A deployment was stopped by a person',
  data: z.strictObject({ ...patch, status: z.literal('cancelled').default('cancelled'), reason: z.string().max(2000).optional() }),
})

/** Where a log line came from; `system` lines are the platform's own. */
const logStreamSchema = z.enum(['stdout', 'stderr', 'system'])

/** One log line: `n` counts 1,2,3… without a hole per deployment. */
export const logLineSchema = z.strictObject({
  n: z.int().positive(),
  time: z.iso.datetime(),
  stream: logStreamSchema,
  step: z.string().max(64).optional(),
  text: z.string().max(16_384),
})

/** See {@link logLineSchema}. */
export type LogLine = z.infer<typeof logLineSchema>

export const deploymentLog = defineEvent({
  type: 'deployment_log',
  families: ['deployment-log'],
  doc: 'A stored chunk of log lines, `from` being the number of the first',
  data: z.strictObject({
    deploymentId: slugSchema,
    instanceId: slugSchema.optional(),
    from: z.int().positive(),
    lines: z.array(logLineSchema).min(1).max(5000),
  }),
})
