/** Thresholds that a tenant chose, by their names (`80%`, `500`), and how usage went, for the forecast. */

import { policy } from './policy.ts'

const tables = `
alter table usage_levels alter column triggered type text[] using
  case when cardinality(triggered) = 0 then '{}'::text[] else string_to_array(array_to_string(triggered, '%,') || '%', ',') end;
alter table usage_levels add column reported_at timestamptz not null default now();
create table usage_thresholds (
  tenant_id text not null references tenants (id), resource text not null, steps jsonb not null, primary key (tenant_id, resource)
);
create table usage_points (
  tenant_id text not null references tenants (id), resource text not null, period text not null, hour bigint not null,
  at timestamptz not null, used double precision not null, primary key (tenant_id, resource, period, hour)
);
create index usage_points_old on usage_points (at);
`

const tenantTables = ['usage_thresholds', 'usage_points']

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `${tables}
grant select, insert, update, delete on ${tenantTables.join(', ')} to neo_app;
${tenantTables.map(table => policy(table)).join('')}`
