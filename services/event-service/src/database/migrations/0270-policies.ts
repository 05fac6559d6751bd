/**
 * That a policy lets every row through is asked once per statement instead of once per row, and the planner does not take it for a rare
 * case any more: it believed that one row in a hundred passes.
 */

const tables = ['users', 'sessions', 'audit', 'instances', 'deployments']
const passes = `tenant_id = (select current_setting('neo.tenant', true)) or (select current_setting('neo.tenant', true) = '*')`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = tables.map(table => `alter policy tenant on ${table} using (${passes});`).join('\n')
