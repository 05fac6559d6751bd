/** Coarser tiers of the samples, minutes that have to be counted again, and leases of who is looking. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. The arrays hold the figures in the order of `FIGURES` in metrics/tiers.ts. */
export const sql: string = `
create table metric_tiers (
  tenant_id text not null references tenants (id), step integer not null, at bigint not null, count integer not null, low float8[] not null, high float8[] not null,
  total float8[] not null, last float8[] not null, simulated boolean not null, primary key (tenant_id, step, at)
);
create index metric_tiers_age on metric_tiers (step, at);
create index metric_samples_age on metric_samples (at);
create table metric_minutes (tenant_id text not null references tenants (id), minute bigint not null, primary key (tenant_id, minute));
create table metric_leases (tenant_id text primary key references tenants (id), until timestamptz not null);
grant select, insert, update, delete on metric_tiers, metric_minutes, metric_leases to neo_app;
${policy('metric_tiers')}
${policy('metric_minutes')}
${policy('metric_leases')}`
