/**
 * Events name their tenant without a foreign key, which cost a sixth of an insert. That a tenant exists is said by the row of the channel, which
 * refers to it and which whoever writes an event has locked; a tenant's deletion locks those rows (tenants/removal.ts).
 */

/** SQL of this migration. */
export const sql = 'alter table events drop constraint events_tenant_id_fkey;'
