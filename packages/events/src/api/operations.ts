/** HTTP contract: what operators see of the whole installation: its parts, deployments of every tenant, who is connected. */

import * as z from 'zod'
import { deploymentStatusSchema, slugSchema } from '../catalog/deployments.ts'
import { deploymentSchema, instanceSchema } from './deployments.ts'
import { listQuerySchema } from './users.ts'

const count = z.int().min(0)

/**
 * Parts of the installation, each with why it is as it is: a stable word. `figures` are plain numbers by name. `since` it is in this state
 * as the process that answers has seen it: never before that process began.
 */
const partSchema = z.object({
  name: z.enum(['database', 'realtime', 'delivery', 'queue', 'search', 'service']),
  state: z.enum(['ok', 'warning', 'down']),
  reason: z.enum(['fine', 'unreachable', 'waiting_long', 'jobs_failed', 'behind', 'outbox_waits', 'node_deaf', 'faults']),
  figures: z.record(z.string(), z.number()),
  since: z.iso.datetime(),
})

/** See {@link partSchema}. */
export type Part = z.infer<typeof partSchema>

/**
 * GET /v1/admin/overview: parts and tenants, worst first. `eventsPerSecond` counts what logs keep, over the last minute. While the database
 * does not answer there are its parts only.
 */
export const adminOverviewSchema = z.object({
  parts: z.array(partSchema),
  tenants: z.object({ active: count, suspended: count, deleting: count }).optional(),
  /** Tenants whose instances ended their last deployment badly, or that are shut out; up to ten. */
  troubled: z.array(z.object({ tenantId: z.string(), name: z.string(), state: z.enum(['active', 'suspended', 'deleting']), failed: count })).optional(),
  eventsPerSecond: z.number().min(0).optional(),
})

/** See {@link adminOverviewSchema}. */
export type AdminOverview = z.infer<typeof adminOverviewSchema>

/** GET /v1/admin/deployments: newest first, of every tenant or of one; with `from` or `to` those that were under way in between. */
export const adminDeploymentQuerySchema = z.strictObject({
  tenantId: slugSchema.optional(), status: deploymentStatusSchema.optional(), from: z.iso.datetime().optional(), to: z.iso.datetime().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next` of the page before. */
  cursor: z.string().max(300).optional(),
})

/** See {@link adminDeploymentQuerySchema}. */
export type AdminDeploymentQuery = z.input<typeof adminDeploymentQuerySchema>

/** A page of deployments, each with its tenant. */
export const adminDeploymentListSchema = z.object({ deployments: z.array(deploymentSchema.extend({ tenantId: z.string() })), next: z.string().optional() })

/** See {@link adminDeploymentListSchema}. */
export type AdminDeploymentList = z.infer<typeof adminDeploymentListSchema>

/** GET /v1/admin/instances: those that failed first, then by name. `q` is a part of name or tenant. */
export const adminInstanceQuerySchema = listQuerySchema.omit({ cursor: true }).extend({ tenantId: slugSchema.optional() })

/** See {@link adminInstanceQuerySchema}. */
export type AdminInstanceQuery = z.input<typeof adminInstanceQuerySchema>

/** `total` counts what the conditions hold for, shown or not. */
export const adminInstanceListSchema = z.object({ instances: z.array(instanceSchema.extend({ tenantId: z.string() })), total: count })

/** See {@link adminInstanceListSchema}. */
export type AdminInstanceList = z.infer<typeof adminInstanceListSchema>

const channelNameSchema = z.string().min(1).max(255)

/** GET /v1/admin/connections: `q` is a part of a name, an e-mail, a user or a tenant; `channel` one they are subscribed to. */
export const connectionQuerySchema = listQuerySchema.omit({ cursor: true }).extend({ tenantId: slugSchema.optional(), channel: channelNameSchema.optional() })

/** See {@link connectionQuerySchema}. */
export type ConnectionQuery = z.input<typeof connectionQuerySchema>

/** One open connection. `name` is missing for an account that is gone. */
const connectionSchema = z.object({
  client: z.string(), tenantId: z.string(), userId: z.string(), name: z.string().optional(), isService: z.boolean(),
  since: z.iso.datetime().optional(), channels: z.array(z.string()).optional(),
})

/** See {@link connectionSchema}. */
export type LiveConnection = z.infer<typeof connectionSchema>

/** What realtime cannot say of connections: with Centrifugo since when they are and on which channels, nor those of services. */
const unsaidSchema = z.array(z.enum(['since', 'channels', 'services', 'connections']))

/** Those longest connected first. */
export const connectionListSchema = z.object({ connections: z.array(connectionSchema), total: count, unsaid: unsaidSchema })

/** See {@link connectionListSchema}. */
export type ConnectionList = z.infer<typeof connectionListSchema>

/** GET /v1/admin/channels: `q` is a part of the name. */
export const liveChannelQuerySchema = listQuerySchema.omit({ cursor: true })

/** See {@link liveChannelQuerySchema}. */
export type LiveChannelQuery = z.input<typeof liveChannelQuerySchema>

/** Channels with subscribers, most first. */
export const liveChannelListSchema = z.object({ channels: z.array(z.object({ name: z.string(), subscribers: count })), total: count })

/** See {@link liveChannelListSchema}. */
export type LiveChannelList = z.infer<typeof liveChannelListSchema>
