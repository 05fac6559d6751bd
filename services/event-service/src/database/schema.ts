/** Row types of the tables in `migrations/`, for Kysely. JSON columns hold objects; bigint columns may arrive as number or string. */

import type { ColumnType, Generated } from 'kysely'
import type { Actor, AlertRule, ExamEnd, ExamSession, Severity, ToldAlert, UsageStep } from '@neo-stack/events'

type Time = ColumnType<Date, Date | string | undefined, Date | string>
type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
type Big = ColumnType<number | string | bigint, number | undefined, number>
type NullableBig = ColumnType<number | string | bigint | null, number | null | undefined, number | null>
type Json<T> = ColumnType<T, string, string>

/** All tables. Every table with a `tenant_id` has row-level security. */
export interface Schema {
  settings: { key: string, value: Json<unknown> }
  tenants: { id: string, name: string, state: ColumnType<'active' | 'suspended' | 'deleting', 'active' | undefined>, created_at: Time, plain: Generated<string> }
  users: {
    id: string, tenant_id: string, email: string, name: string, password_hash: string | null, roles: string[], created_at: Time
    state: ColumnType<'active' | 'disabled' | 'removed', 'active' | 'disabled' | undefined>
    is_password_temporary: Generated<boolean>, password_expires_at: NullableTime, removed_at: NullableTime, plain: Generated<string>
  }
  sessions: {
    id: string, tenant_id: string, user_id: string, portal: string, created_at: Time, last_used_at: Time, expires_at: Date | string
    revoked_at: NullableTime, revoked_reason: string | null, address: string | null, user_agent: string | null
  }
  identities: { issuer: string, subject: string, tenant_id: string, user_id: string }
  refresh_tokens: { hash: string, tenant_id: string, session_id: string, created_at: Time, used_at: NullableTime }
  api_keys: {
    id: string, tenant_id: string, name: string, prefix: string, hash: string, permissions: string[], created_at: Time
    expires_at: NullableTime, last_used_at: NullableTime, revoked_at: NullableTime, is_demo: Generated<boolean>
  }
  channels: { name: string, tenant_id: string, seq: Big, oldest_seq: Big, bytes: Big, oldest_time: NullableTime, indexed_seq: Big }
  tenant_quotas: { tenant_id: string, events_per_second: number | null, bytes_per_second: NullableBig, stored_bytes: NullableBig }
  events: {
    id: string, tenant_id: string, channel: string, seq: Big, type: string, time: Time
    actor: Json<Actor> | null, data: Json<Record<string, unknown>>, size: Generated<number>, traceparent: ColumnType<string | null, string | null | undefined, string | null>
  }
  event_words: { id: string, tenant_id: string, plain: string, stems: string }
  idempotency_keys: { tenant_id: string, scope: string, key: string, body_hash: string, answer: Json<unknown>, created_at: Time }
  instances: {
    tenant_id: string, instance_id: string, instance_type: string | null, name: string, url: string | null, simulated: boolean
    deployment_id: string, created_at: Time, plain: Generated<string>
  }
  deployments: {
    tenant_id: string, deployment_id: string, instance_id: string, kind: string, status: string, state: Json<Record<string, unknown>>
    config: Json<Record<string, string | number | boolean>>, log_lines: Big, created_at: Time, updated_at: Time, finished_at: NullableTime
    back_to: ColumnType<string | null, string | null | undefined, string | null>
  }
  metric_samples: {
    tenant_id: string, at: Big, cpu: number, memory: number, disk: number, network_in: number, network_out: number
    active_instances: number, uptime: number, simulated: Generated<boolean>
  }
  metric_tiers: {
    tenant_id: string, step: number, at: Big, count: number, low: number[], high: number[], total: number[], last: number[], simulated: boolean
  }
  metric_minutes: { tenant_id: string, minute: Big }
  metric_leases: { tenant_id: string, until: Time }
  alert_rules: {
    tenant_id: string, name: string, position: number, rule: Json<AlertRule>, state: ColumnType<string, string | undefined>, since: NullableBig, alert_id: string | null
    changes: ColumnType<number[], string | undefined, string>, calm_since: NullableBig, is_flapping: Generated<boolean>
    absent_after: ColumnType<number | null, number | null | undefined>, told_at: NullableTime, is_acknowledged: Generated<boolean>
  }
  alert_channels: {
    tenant_id: string, id: string, kind: 'email' | 'webhook', name: string, target: string, secret: string | null, severity: Severity, group_name: string | null
    language: 'pt-BR' | 'es' | 'en', made_by: string, created_at: Time
  }
  alert_deliveries: {
    tenant_id: string, id: string, channel_id: string, group_name: string, alerts: Json<ToldAlert[]>, state: ColumnType<'waiting' | 'sent' | 'dead', string | undefined, string>
    attempts: Generated<number>, created_at: Time, due_at: Time, held_until: NullableTime, error: string | null, is_collecting: Generated<boolean>
    hold: ColumnType<string | null, string | null | undefined, string | null>
  }
  alert_silences: { tenant_id: string, id: string, rule: string | null, starts_at: Time, ends_at: Time, note: string, made_by: string }
  billing_notifications: {
    tenant_id: string, id: string, n: Big, type: string, time: Time, status: string, message: string
    amount_minor: NullableBig, currency: string | null, data: Json<Record<string, unknown>>, words: Generated<string>, occurred_at: Time
    subject: string | null, settled: Generated<boolean>
  }
  billing_states: { tenant_id: string, user_id: string, notification_id: string, state: string, superseded_by: ColumnType<string | null, string | null | undefined, string | null> }
  billing_marks: {
    tenant_id: string, user_id: string, n: Big, id: ColumnType<string | null, string | null | undefined, string | null>
    previous_n: NullableBig, seen_n: Big, mailed_n: Big, mailing_until: NullableTime
  }
  billing_numbers: { tenant_id: string, last: Big }
  billing_preferences: {
    tenant_id: string, user_id: string, muted: string[], mailed: string[], quiet_from: string | null, quiet_to: string | null, time_zone: string, language: string
    mailed_after: ColumnType<Record<string, number>, string | undefined, string>
  }
  usage_levels: { tenant_id: string, resource: string, period: string, used: number, max: number, triggered: string[], version: Big, reported_at: Time }
  usage_thresholds: { tenant_id: string, resource: string, steps: Json<UsageStep[]> }
  usage_points: { tenant_id: string, resource: string, period: string, hour: Big, at: Time, used: number }
  billing_records: { tenant_id: string, kind: string, id: string, fields: Json<Record<string, { value: unknown, key: string }>>, time: Time }
  presence_settings: { tenant_id: string, user_id: string, hide_last_seen: boolean, busy: Json<{ text?: string, until?: string } | null> }
  exams: {
    tenant_id: string, id: string, title: string, seconds: number, pass_percent: number, created_at: Time, proctor_ids: string[]
    questions: Json<{ id: string, text: string, choices: string[], right: number }[]>
  }
  exam_sessions: {
    tenant_id: string, id: string, exam_id: string, candidate_id: string, status: ColumnType<ExamSession['status'], ExamSession['status'] | undefined>, created_at: Time
    opens_at: Time, started_at: NullableTime, deadline: NullableTime, submitted_at: NullableTime
    ended_by: ColumnType<ExamEnd | null, ExamEnd | null | undefined, ExamEnd | null>, reason: ColumnType<string | null, string | null | undefined, string | null>
    save: Generated<number>, answers: ColumnType<Record<string, number>, string | undefined, string>
    right_answers: ColumnType<number | null, number | null | undefined, number | null>, version: Generated<number>
  }
  audit: {
    id: string, tenant_id: string, time: Time, actor: Json<Actor>, action: string, target: string, address: string | null, detail: Json<Record<string, unknown>>
    n: Generated<number | string>, hash: Generated<string>, plain: Generated<string>
  }
  audit_heads: { tenant_id: string, n: number | string, hash: string }
  billing_sources: { id: string, tenant_id: string, name: string, kind: ColumnType<'standard' | 'stripe', 'standard' | 'stripe'>, created_at: Time }
  billing_source_secrets: { id: string, tenant_id: string, source_id: string, sealed: string, hint: string, created_at: Time, expires_at: NullableTime }
  billing_source_customers: { tenant_id: string, source_id: string, customer: string, customer_tenant_id: string }
  billing_source_events: { source_id: string, event_id: string, tenant_id: string, received_at: Time }
}
