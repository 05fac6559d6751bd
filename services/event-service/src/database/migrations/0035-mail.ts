/** What a notification speaks of, failures that were made good since, and who is sending a user's e-mail just now. */

const tables = `
alter table billing_notifications add column subject text, add column settled boolean not null default false;
update billing_notifications set subject = case type
  when 'billing_invoice' then 'invoice ' || (data ->> 'invoiceId') when 'billing_payment' then 'payment ' || (data ->> 'paymentId')
  when 'billing_subscription' then 'subscription ' || (data ->> 'subscriptionId') end;
create index billing_notifications_subject on billing_notifications (tenant_id, subject, occurred_at) where subject is not null;
update billing_notifications n set settled = true where status = 'failed' and exists (select 1 from billing_notifications good
  where good.tenant_id = n.tenant_id and good.subject = n.subject and good.status = 'completed' and (n.type <> 'billing_subscription' or good.occurred_at >= n.occurred_at));
create index billing_notifications_settled on billing_notifications (tenant_id, n) where settled;
alter table billing_marks add column mailing_until timestamptz;
`

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = tables
