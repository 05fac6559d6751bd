/**
 * The inbox in the order of what happened, found by trigrams; what a read-all set aside, so that it can be undone; preferences.
 * Operators of search are not leakproof, so identifiers are found by `neo_search` (see 0020) and rows are read under the policy.
 */

import { policy } from './policy.ts'

const tables = `
alter table billing_notifications add column occurred_at timestamptz;
update billing_notifications set occurred_at = coalesce((data ->> 'occurredAt')::timestamptz, time), words = neo_plain(words);
alter table billing_notifications alter column occurred_at set not null;
create index billing_notifications_newest on billing_notifications (tenant_id, occurred_at desc, n desc);
create index billing_notifications_search on billing_notifications using gin (tenant_id, words gin_trgm_ops) with (fastupdate = on, gin_pending_list_limit = 512);
create table billing_numbers (tenant_id text primary key references tenants (id), last bigint not null);
insert into billing_numbers select tenant_id, max(n) from billing_notifications group by tenant_id;
alter table billing_states add column superseded_by uuid;
alter table billing_marks add column id uuid, add column previous_n bigint, add column seen_n bigint not null default 0, add column mailed_n bigint not null default 0;
create table billing_preferences (
  tenant_id text not null references tenants (id), user_id uuid not null, muted text[] not null, mailed text[] not null,
  quiet_from text, quiet_to text, time_zone text not null, language text not null, primary key (tenant_id, user_id)
);
create index billing_preferences_mailed on billing_preferences (tenant_id) where mailed <> '{}';
grant select on billing_notifications, billing_states to neo_search;
create policy search on billing_states for select to neo_search using (true);
create policy search on billing_notifications for select to neo_search using (true);
`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `${tables}
grant select, insert, update, delete on billing_preferences, billing_numbers to neo_app;
${policy('billing_preferences')}${policy('billing_numbers')}`
