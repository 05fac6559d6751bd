/**
 * First tables. Row-level security is forced on each table with a tenant: the role `neo_app` sees the rows of the tenant in the
 * setting `neo.tenant`, or all rows where the setting is `*`. The setting lives for one transaction only.
 */

import { policy } from './policy.ts'

const tenantTables = [
  'users', 'sessions', 'refresh_tokens', 'api_keys', 'channels', 'events', 'idempotency_keys', 'instances', 'deployments', 'metric_samples', 'audit',
]

const tables = `
create table settings (key text primary key, value jsonb not null);
create table tenants (
  id text primary key, name text not null, state text not null default 'active' check (state in ('active', 'suspended')),
  created_at timestamptz not null default now()
);
create table users (
  id uuid primary key, tenant_id text not null references tenants (id), email text not null, name text not null, password_hash text not null,
  roles text[] not null, state text not null default 'active' check (state in ('active', 'disabled')), created_at timestamptz not null default now()
);
create unique index users_email on users (lower(email));
create table sessions (
  id uuid primary key, tenant_id text not null references tenants (id), user_id uuid not null references users (id), portal text not null,
  created_at timestamptz not null default now(), last_used_at timestamptz not null default now(), expires_at timestamptz not null,
  revoked_at timestamptz, revoked_reason text
);
create index sessions_user on sessions (user_id);
create table refresh_tokens (
  hash text primary key, tenant_id text not null references tenants (id), session_id uuid not null references sessions (id) on delete cascade,
  created_at timestamptz not null default now(), used_at timestamptz
);
create table api_keys (
  id uuid primary key, tenant_id text not null references tenants (id), name text not null, prefix text not null, hash text not null unique,
  permissions text[] not null, created_at timestamptz not null default now(), expires_at timestamptz, last_used_at timestamptz, revoked_at timestamptz
);
create table channels (
  name text primary key, tenant_id text not null references tenants (id), seq bigint not null default 0, oldest_seq bigint not null default 1
);
create table events (
  id uuid primary key, tenant_id text not null references tenants (id), channel text not null references channels (name), seq bigint not null,
  type text not null, time timestamptz not null, actor jsonb, data jsonb not null, unique (channel, seq)
);
create index events_time on events (channel, time);
create index events_log_from on events (channel, ((data ->> 'from')::bigint)) where type = 'deployment_log';
create table idempotency_keys (
  tenant_id text not null references tenants (id), scope text not null, key text not null, body_hash text not null, answer jsonb not null,
  created_at timestamptz not null default now(), primary key (tenant_id, scope, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
create table instances (
  tenant_id text not null references tenants (id), instance_id text not null, instance_type text, name text not null, url text,
  simulated boolean not null default false, deployment_id text not null, created_at timestamptz not null default now(), primary key (tenant_id, instance_id)
);
create table deployments (
  tenant_id text not null references tenants (id), deployment_id text not null, instance_id text not null, kind text not null, status text not null,
  state jsonb not null, config jsonb not null default '{}', log_lines bigint not null default 0,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), finished_at timestamptz,
  primary key (tenant_id, deployment_id)
);
create index deployments_newest on deployments (tenant_id, created_at desc, deployment_id desc);
create index deployments_instance on deployments (tenant_id, instance_id, created_at desc);
create table metric_samples (
  tenant_id text not null references tenants (id), at bigint not null, cpu real not null, memory real not null, disk real not null,
  network_in double precision not null, network_out double precision not null, active_instances integer not null, uptime double precision not null,
  simulated boolean not null default false, primary key (tenant_id, at)
);
create table audit (
  id uuid primary key, tenant_id text not null references tenants (id), time timestamptz not null default now(), actor jsonb not null,
  action text not null, target text not null, detail jsonb not null
);
create index audit_time on audit (tenant_id, time desc);
insert into tenants (id, name) values ('platform', 'NEO_STACK');
insert into settings (key, value) values ('log_epoch', to_jsonb(substr(md5(gen_random_uuid()::text), 1, 8)));
`

const role = `
do $$ begin
  if not exists (select from pg_roles where rolname = 'neo_app') then create role neo_app nologin; end if;
end $$;
grant usage on schema public to neo_app;
grant select, insert, update, delete on all tables in schema public to neo_app;
revoke update, delete on audit from neo_app;
`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = tables + role + policy('tenants', 'id') + tenantTables.map(table => policy(table)).join('')
