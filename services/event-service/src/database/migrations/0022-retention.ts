/** What retention and quotas count: the size of each event, of each channel, and the age of a channel's oldest event. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
alter table events add column size integer not null default 0;
update events set size = octet_length(data::text);
alter table channels add column bytes bigint not null default 0, add column oldest_time timestamptz;
update channels set (bytes, oldest_time) = (select coalesce(sum(size), 0), min(time) from events where channel = name);
create index channels_tenant on channels (tenant_id);
create index channels_oldest on channels (oldest_time);
create table tenant_quotas (
  tenant_id text primary key references tenants (id), events_per_second integer, bytes_per_second bigint, stored_bytes bigint
);
grant select, insert, update, delete on tenant_quotas to neo_app;
${policy('tenant_quotas')}`
