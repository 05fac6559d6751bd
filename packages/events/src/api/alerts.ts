/** HTTP contract: a tenant's alerts and the rules that raise them. */

import * as z from 'zod'
import { slugSchema } from '../catalog/deployments.ts'
import { metricsSchema, severitySchema } from '../catalog/metrics.ts'

/** Who has seen to an alert. */
const acknowledgementSchema = z.object({ by: z.string(), time: z.iso.datetime(), note: z.string().optional() })

/** GET …/alerts: newest first; `seq` and `logEpoch` say where in the alerts' log the list stands. */
export const alertListSchema = z.object({
  alerts: z.array(z.object({
    id: z.uuid(), severity: severitySchema, message: z.string(), time: z.iso.datetime(), state: z.enum(['firing', 'resolved']), resolvedAt: z.iso.datetime().optional(),
    acknowledged: acknowledgementSchema.optional(), isSilenced: z.boolean().optional(), rule: z.string().optional(), metric: z.string().optional(),
    group: z.string().optional(), runbook: z.string().optional(),
  })),
  logEpoch: z.string(),
  seq: z.int().min(0),
})

/** See {@link alertListSchema}. */
export type AlertList = z.infer<typeof alertListSchema>

/** POST /v1/alerts/{id}/ack */
export const acknowledgeAlertSchema = z.strictObject({ note: z.string().trim().min(1).max(500).optional() })

/** See {@link acknowledgeAlertSchema}. */
export type AcknowledgeAlert = z.input<typeof acknowledgeAlertSchema>

/** Answer to an acknowledgement: the first one, also to a repeat. */
export const alertAcknowledgedSchema = acknowledgementSchema.extend({ id: z.uuid() })

/** See {@link alertAcknowledgedSchema}. */
export type AlertAcknowledged = z.infer<typeof alertAcknowledgedSchema>

/** Figures a rule may watch. */
const ruleMetricSchema = z.enum(Object.keys(metricsSchema.shape) as [keyof typeof metricsSchema.shape, ...(keyof typeof metricsSchema.shape)[]])

const durationSchema = z.string().regex(/^(?:\d{1,5}(?:ms|s)|\d{1,4}m|\d{1,2}h)$/, 'a duration such as 500ms, 2s, 5m or 1h')

/**
 * A rule: `metric op threshold` – with `kind` rate, how much the figure grows per second – for at least `for` (`500ms`, `2s`, `5m`, `1h`)
 * raises an alert of `severity`. With `kind` absence it fires when no sample came for `for` (5 s at least), whatever figure it names.
 */
export const alertRuleSchema = z.strictObject({
  name: z.string().trim().min(1).max(80),
  kind: z.enum(['threshold', 'rate', 'absence']).default('threshold'),
  metric: ruleMetricSchema,
  op: z.enum(['>', '>=', '<', '<=']),
  threshold: z.number(),
  for: durationSchema.default('0s'),
  /** How far back over the threshold the figure must come before the alert is over, in the metric's unit. */
  hysteresis: z.number().min(0).default(0),
  severity: severitySchema,
  /** Alerts of one group that fire within seconds of each other go out as one message. @default each tenant's rules are one group */
  group: z.string().trim().min(1).max(80).optional(),
  /** How often channels are told again while it fires and nobody acknowledged it; a minute at least. @default once */
  repeat: durationSchema.optional(),
  /** Address of what to do about it. */
  runbook: z.url({ protocol: /^https?$/ }).max(500).optional(),
})

/** A rule as it is kept: what a newer version added to it is left out, not refused. */
export const keptAlertRuleSchema = alertRuleSchema.strip()

/** See {@link alertRuleSchema}. */
export type AlertRule = z.infer<typeof alertRuleSchema>

/** PUT …/alert-rules: all rules of the tenant; names are unique. */
export const putAlertRulesSchema = z.strictObject({
  rules: z.array(alertRuleSchema).max(100).superRefine((rules, context) => {
    for (const [index, { name }] of rules.entries()) {
      if (rules.findIndex(rule => rule.name === name) !== index) context.addIssue({ code: 'custom', path: [index, 'name'], message: 'names a rule for the second time' })
    }
  }),
})

/** See {@link putAlertRulesSchema}. */
export type PutAlertRules = z.input<typeof putAlertRulesSchema>

/** POST …/alert-rules/preview */
export const previewAlertRuleSchema = z.strictObject({ rule: alertRuleSchema })

/** When a rule would have fired in the last `hours`, and when that would have been over; oldest first. */
export const alertRulePreviewSchema = z.object({
  hours: z.int(), fired: z.array(z.object({ from: z.iso.datetime(), to: z.iso.datetime().optional(), value: z.number() })),
})

/** See {@link alertRulePreviewSchema}. */
export type AlertRulePreview = z.infer<typeof alertRulePreviewSchema>

/** POST …/alert-silences: `rule` null is all of them; `from` is now when missing. */
export const makeSilenceSchema = z.strictObject({
  rule: z.string().trim().min(1).max(80).nullable(), from: z.iso.datetime().optional(), until: z.iso.datetime(), note: z.string().trim().min(1).max(500),
})

/** See {@link makeSilenceSchema}. */
export type MakeSilence = z.infer<typeof makeSilenceSchema>

/** A silence that runs or will. */
export const alertSilenceSchema = z.object({
  id: z.uuid(), rule: z.string().nullable(), from: z.iso.datetime(), until: z.iso.datetime(), note: z.string(), by: z.string(),
})

/** See {@link alertSilenceSchema}. */
export type AlertSilence = z.infer<typeof alertSilenceSchema>

/** GET …/alert-silences */
export const alertSilencesSchema = z.object({ silences: z.array(alertSilenceSchema) })

/** See {@link alertSilencesSchema}. */
export type AlertSilences = z.infer<typeof alertSilencesSchema>

/** GET …/alert-rules: each rule with where it stands; `since` is when that began, `no-data` that no sample came for a minute. */
export const alertRulesSchema = z.object({
  rules: z.array(alertRuleSchema.extend({ state: z.enum(['ok', 'pending', 'firing', 'no-data']), since: z.iso.datetime().optional(), alertId: z.uuid().optional() })),
})

/** See {@link alertRulesSchema}. */
export type AlertRules = z.infer<typeof alertRulesSchema>

/** POST …/alert-channels: `target` is an https address, or the e-mail address of somebody of the tenant. */
export const makeChannelSchema = z.strictObject({
  kind: z.enum(['email', 'webhook']), name: z.string().trim().min(1).max(80), target: z.string().trim().min(3).max(2000),
  /** Less urgent alerts are not told. */
  severity: severitySchema.default('warning'),
  /** Only alerts of this group. @default all */
  group: z.string().trim().min(1).max(80).optional(),
  /** Language of e-mail. */
  language: z.enum(['pt-BR', 'es', 'en']).default('pt-BR'),
})

/** See {@link makeChannelSchema}. */
export type MakeChannel = z.input<typeof makeChannelSchema>

/** A way by which alerts leave the platform. */
export const alertChannelSchema = z.object({ ...makeChannelSchema.shape, id: z.uuid(), severity: severitySchema, language: z.enum(['pt-BR', 'es', 'en']), by: z.string(), createdAt: z.iso.datetime() })

/** See {@link alertChannelSchema}. */
export type AlertChannel = z.infer<typeof alertChannelSchema>

/** GET …/alert-channels: `hasMail` says whether this installation sends e-mail. */
export const alertChannelsSchema = z.object({ channels: z.array(alertChannelSchema), hasMail: z.boolean() })

/** See {@link alertChannelsSchema}. */
export type AlertChannels = z.infer<typeof alertChannelsSchema>

/** Answer to a new channel; a webhook's signing secret (Standard Webhooks) is shown only now. */
export const channelMadeSchema = alertChannelSchema.extend({ secret: z.string().optional() })

/** See {@link channelMadeSchema}. */
export type ChannelMade = z.infer<typeof channelMadeSchema>

/** One alert as a channel is told of it; `tenantId` where operators are told of a tenant's. */
export const toldAlertSchema = z.object({
  alertId: z.uuid(), change: z.enum(['fired', 'repeated', 'flapping', 'resolved']), severity: severitySchema, message: z.string(), time: z.iso.datetime(),
  rule: z.string().optional(), metric: z.string().optional(), value: z.number().optional(), runbook: z.string().optional(), tenantId: slugSchema.optional(),
})

/** See {@link toldAlertSchema}. */
export type ToldAlert = z.infer<typeof toldAlertSchema>

/** A message to a channel: `waiting` is tried (again) at `dueAt`, `dead` was given up after the last attempt, with why. */
export const alertDeliverySchema = z.object({
  id: z.uuid(), channelId: z.uuid(), channel: z.string(), kind: z.enum(['email', 'webhook']), state: z.enum(['waiting', 'sent', 'dead']), attempts: z.int().min(0),
  alerts: z.array(toldAlertSchema), createdAt: z.iso.datetime(), dueAt: z.iso.datetime(), error: z.string().optional(),
})

/** See {@link alertDeliverySchema}. */
export type AlertDelivery = z.infer<typeof alertDeliverySchema>

/** GET …/alert-deliveries: the newest 50, of one state or of all. */
export const deliveryQuerySchema = z.strictObject({ state: alertDeliverySchema.shape.state.optional() })

/** Messages, newest first. */
export const alertDeliveriesSchema = z.object({ deliveries: z.array(alertDeliverySchema) })

/** See {@link alertDeliveriesSchema}. */
export type AlertDeliveries = z.infer<typeof alertDeliveriesSchema>
