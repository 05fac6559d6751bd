/** Operators read deployments of every tenant, newest first, and which failed. */
export const sql = `
create index deployments_everywhere on deployments (created_at desc, deployment_id desc, tenant_id desc);
create index deployments_failed on deployments (tenant_id, deployment_id) where status = 'failed';
`
