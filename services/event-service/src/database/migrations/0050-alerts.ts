/** Alert rules of tenants, and of the operators under the tenant `platform`, each with where it stands. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
create table alert_rules (
  tenant_id text not null references tenants (id), name text not null, position integer not null, rule jsonb not null,
  state text not null default 'ok' check (state in ('ok', 'pending', 'firing')), since bigint, alert_id uuid, primary key (tenant_id, name)
);
grant select, insert, update, delete on alert_rules to neo_app;
${policy('alert_rules')}`
