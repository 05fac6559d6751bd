/** Billing systems whose signed webhooks are taken in: their secrets (sealed), the tenants of their customers, and the events that came. */

import { policy } from './policy.ts'

const tables = `
create table billing_sources (
  id text primary key, tenant_id text not null references tenants (id), name text not null, kind text not null check (kind in ('standard', 'stripe')),
  created_at timestamptz not null default now()
);
create index billing_sources_tenant on billing_sources (tenant_id);
create table billing_source_secrets (
  id uuid primary key, tenant_id text not null references tenants (id), source_id text not null references billing_sources (id) on delete cascade,
  sealed text not null, hint text not null, created_at timestamptz not null default now(), expires_at timestamptz
);
create index billing_source_secrets_source on billing_source_secrets (source_id);
create table billing_source_customers (
  tenant_id text not null references tenants (id), source_id text not null references billing_sources (id) on delete cascade,
  customer text not null, customer_tenant_id text not null references tenants (id), primary key (source_id, customer)
);
create table billing_source_events (
  source_id text not null, event_id text not null, tenant_id text not null references tenants (id), received_at timestamptz not null, primary key (source_id, event_id)
);
create index billing_source_events_old on billing_source_events (received_at);
`

const tenantTables = ['billing_sources', 'billing_source_secrets', 'billing_source_customers', 'billing_source_events']

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `${tables}
grant select, insert, update, delete on ${tenantTables.join(', ')} to neo_app;
${tenantTables.map(table => policy(table)).join('')}`
