/** A message to a channel says itself whether it still takes alerts of its group: only until it is sent for the first time. */

/** SQL of this migration, several statements. */
export const sql = `
alter table alert_deliveries add column is_collecting boolean not null default false;
create index alert_deliveries_collecting on alert_deliveries (tenant_id, channel_id, group_name) where is_collecting;
`
