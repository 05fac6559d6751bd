/**
 * Tenants under the policy as 0270 writes it: the planner believed that few of them are let through, and looked at every failed
 * instance again for each of thousands.
 */

const passes = `id = (select current_setting('neo.tenant', true)) or (select current_setting('neo.tenant', true) = '*')`

/** SQL of this migration, PostgreSQL 15's. */
export const sql: string = `alter policy tenant on tenants using (${passes});`
