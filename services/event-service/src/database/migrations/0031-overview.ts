/** Words of notifications to search, and the newest state of each invoice, payment, subscription and change of plan. */

import { policy } from './policy.ts'

const tables = `
alter table billing_notifications add column words text not null default '';
update billing_notifications set words = lower(message || ' ' || data::text);
create table billing_records (
  tenant_id text not null references tenants (id), kind text not null check (kind in ('invoice', 'payment', 'subscription', 'plan')), id text not null,
  fields jsonb not null, time timestamptz not null, primary key (tenant_id, kind, id)
);
create index billing_records_newest on billing_records (tenant_id, kind, time desc, id desc);
`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `${tables}
grant select, insert, update, delete on billing_records to neo_app;
${policy('billing_records')}`
