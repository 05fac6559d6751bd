/** HTTP contract: instances, deployments and their logs. */

import * as z from 'zod'
import {
  deploymentKindSchema, deploymentStatusSchema, instanceTypeSchema, logLineSchema, nextStepSchema, paramsSchema, slugSchema,
} from '../catalog/deployments.ts'

const position = { logEpoch: z.string(), seq: z.int().min(0) }

/** Configuration a person may give; the fields a type knows stand in the deployer's catalogue. */
export const deploymentConfigSchema = z.record(z.string().max(64), z.union([z.string().max(2000), z.number(), z.boolean()]))

/** POST /v1/tenants/{t}/deployments */
export const createDeploymentSchema = z.strictObject({
  instanceType: instanceTypeSchema,
  /** An existing or new instance's slug; made from the name or type when missing. */
  instanceId: slugSchema.optional(),
  name: z.string().trim().min(1).max(120).optional(),
  config: deploymentConfigSchema.default({}),
  /** Why, for the audit trail. */
  reason: z.string().trim().min(1).max(500).optional(),
  idempotencyKey: z.string().min(1).max(200).optional(),
})

/** See {@link createDeploymentSchema}. */
export type CreateDeployment = z.input<typeof createDeploymentSchema>

/** Answer 202 to a deployment command. */
export const deploymentAcceptedSchema = z.object({ deploymentId: slugSchema, instanceId: slugSchema })

/** See {@link deploymentAcceptedSchema}. */
export type DeploymentAccepted = z.infer<typeof deploymentAcceptedSchema>

/** A deployment as its projection knows it: the merge of all its events. */
export const deploymentSchema = z.object({
  deploymentId: slugSchema,
  instanceId: slugSchema,
  instanceType: instanceTypeSchema.optional(),
  name: z.string().optional(),
  kind: deploymentKindSchema,
  status: deploymentStatusSchema,
  progress: z.number(),
  step: z.string().optional(),
  params: paramsSchema.optional(),
  currentStep: z.string().optional(),
  nextSteps: z.array(nextStepSchema).optional(),
  /** Steps that an earlier try carried out and whose result is used again: they come before this one's own. */
  keptSteps: z.array(nextStepSchema).optional(),
  /** When it was taken up: before that it waited in the queue. */
  startedAt: z.iso.datetime().optional(),
  /** Seconds that the catalogue's figures make of its steps, from `startedAt` on. */
  expectedSeconds: z.number().optional(),
  estimatedCompletion: z.iso.datetime().optional(),
  instanceUrl: z.string().optional(),
  error: z.string().optional(),
  /** Message key of the reason of a failure, with `reasonParams`. */
  messageKey: z.string().optional(),
  reasonParams: paramsSchema.optional(),
  simulated: z.boolean().optional(),
  /** Number of the last log line. */
  logLines: z.int().min(0),
  /** While it is queued: its place among the tenant's queued deployments, 1 comes next. */
  queuePosition: z.int().positive().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
})

/** See {@link deploymentSchema}. */
export type Deployment = z.infer<typeof deploymentSchema>

/** GET /v1/tenants/{t}/deployments: newest first, with the feed's position. */
export const deploymentListSchema = z.object({ deployments: z.array(deploymentSchema), next: z.string().optional(), ...position })

/** See {@link deploymentListSchema}. */
export type DeploymentList = z.infer<typeof deploymentListSchema>

/** GET /v1/tenants/{t}/deployments/{d} */
export const deploymentSnapshotSchema = z.object({ deployment: deploymentSchema, ...position })

/** See {@link deploymentSnapshotSchema}. */
export type DeploymentSnapshot = z.infer<typeof deploymentSnapshotSchema>

/** GET /v1/tenants/{t}/deployments */
export const deploymentListQuerySchema = z.strictObject({
  status: deploymentStatusSchema.optional(),
  instanceId: slugSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
})

/** An instance: outlives its deployments. */
export const instanceSchema = z.object({
  instanceId: slugSchema,
  instanceType: instanceTypeSchema.optional(),
  name: z.string(),
  url: z.string().optional(),
  /** Status of its last deployment. */
  status: deploymentStatusSchema,
  deploymentId: slugSchema,
  simulated: z.boolean().optional(),
  createdAt: z.iso.datetime(),
})

/** See {@link instanceSchema}. */
export type Instance = z.infer<typeof instanceSchema>

/** GET /v1/tenants/{t}/instances */
export const instanceListSchema = z.object({ instances: z.array(instanceSchema) })

/** See {@link instanceListSchema}. */
export type InstanceList = z.infer<typeof instanceListSchema>

/** GET /v1/tenants/{t}/deployments/{d}/logs */
export const logQuerySchema = z.strictObject({
  after: z.coerce.number().int().min(0).optional(),
  /** The first line of a range, `to` being the last one; both included. */
  from: z.coerce.number().int().min(1).optional(),
  to: z.coerce.number().int().min(1).optional(),
  /** Lines from this time on. */
  since: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
  grep: z.string().min(1).max(200).optional(),
})

/** A page of log lines; without `after`, `from` and `since` the last `limit` lines. */
export const logPageSchema = z.object({ lines: z.array(logLineSchema), last: z.int().min(0), ...position })

/** See {@link logPageSchema}. */
export type LogPage = z.infer<typeof logPageSchema>

const plainLine = z.string().max(16_384)

/** POST /v1/tenants/{t}/deployments/{d}/logs: `from` makes retries safe, known lines are skipped. */
export const appendLogsSchema = z.strictObject({
  lines: z.array(z.union([plainLine, logLineSchema.omit({ n: true, time: true }).extend({ time: z.iso.datetime().optional() })])).min(1).max(5000),
  from: z.int().positive().optional(),
})

/** See {@link appendLogsSchema}. */
export type AppendLogs = z.input<typeof appendLogsSchema>

/** Number of the last line that is stored. */
export const logsAppendedSchema = z.object({ last: z.int().min(0) })

/** See {@link logsAppendedSchema}. */
export type LogsAppended = z.infer<typeof logsAppendedSchema>
