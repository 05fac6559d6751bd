/** Billing: the tenant's notifications, what each user did with them, and the thresholds that usage has crossed. */

import { policy } from './policy.ts'

const tables = `
create table billing_notifications (
  tenant_id text not null references tenants (id), id uuid not null, n bigint not null, type text not null, time timestamptz not null,
  status text not null, message text not null, amount_minor bigint, currency text, data jsonb not null, primary key (tenant_id, id), unique (tenant_id, n)
);
create table billing_states (
  tenant_id text not null references tenants (id), user_id uuid not null, notification_id uuid not null,
  state text not null check (state in ('unread', 'read', 'archived')), primary key (tenant_id, user_id, notification_id)
);
create table billing_marks (
  tenant_id text not null references tenants (id), user_id uuid not null, n bigint not null, primary key (tenant_id, user_id)
);
create table usage_levels (
  tenant_id text not null references tenants (id), resource text not null, period text not null, used double precision not null, max double precision not null,
  triggered integer[] not null, version bigint not null, primary key (tenant_id, resource, period)
);
`

const tenantTables = ['billing_notifications', 'billing_states', 'billing_marks', 'usage_levels']

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `${tables}
grant select, insert, update, delete on ${tenantTables.join(', ')} to neo_app;
${tenantTables.map(table => policy(table)).join('')}`
