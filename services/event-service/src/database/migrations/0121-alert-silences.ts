/** Silences of alerts, and what rules remember of their changes. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
alter table alert_rules add column changes jsonb not null default '[]', add column calm_since bigint, add column is_flapping boolean not null default false;
create table alert_silences (
  tenant_id text not null references tenants (id), id uuid primary key, rule text, starts_at timestamptz not null, ends_at timestamptz not null check (ends_at > starts_at),
  note text not null, made_by text not null
);
create index alert_silences_of_tenant on alert_silences (tenant_id, ends_at);
grant select, insert, update, delete on alert_silences to neo_app;
${policy('alert_silences')}`
