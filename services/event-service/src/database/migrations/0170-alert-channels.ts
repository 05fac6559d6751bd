/** Channels of alerts, what they are to be told, rules of absence, and when a firing rule was told last. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. `secret` is sealed; a waiting delivery without an attempt still takes alerts of its group. */
export const sql: string = `
alter table alert_rules add column absent_after integer, add column told_at timestamptz, add column is_acknowledged boolean not null default false;
create index alert_rules_absence on alert_rules (tenant_id) where absent_after is not null;
create index alert_rules_firing on alert_rules (tenant_id) where state = 'firing';
create table alert_channels (
  tenant_id text not null references tenants (id), id uuid not null, kind text not null check (kind in ('email', 'webhook')), name text not null, target text not null, secret text,
  severity text not null, group_name text, language text not null, made_by text not null, created_at timestamptz not null, primary key (tenant_id, id)
);
create table alert_deliveries (
  tenant_id text not null references tenants (id), id uuid not null, channel_id uuid not null, group_name text not null, alerts jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')), attempts integer not null default 0,
  created_at timestamptz not null, due_at timestamptz not null, held_until timestamptz, error text, primary key (tenant_id, id),
  foreign key (tenant_id, channel_id) references alert_channels (tenant_id, id) on delete cascade
);
create index alert_deliveries_due on alert_deliveries (due_at) where state = 'waiting';
create index alert_deliveries_newest on alert_deliveries (tenant_id, created_at desc);
create index alert_deliveries_channel on alert_deliveries (tenant_id, channel_id);
grant select, insert, update, delete on alert_channels, alert_deliveries to neo_app;
${policy('alert_channels')}
${policy('alert_deliveries')}`
