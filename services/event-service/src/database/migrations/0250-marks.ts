/** Deployments and billing of every tenant by their time, to stand beside the operators' figures. */

/** SQL of this migration, several statements. */
export const sql = `
create index events_marks on events (id) where type in (
  'deployment_start', 'deployment_complete', 'deployment_error', 'deployment_cancelled', 'billing_invoice', 'billing_payment', 'billing_plan_change', 'billing_usage_alert', 'billing_subscription'
);
`
