/** Whoever holds a message to a channel can tell the hold from the next one's. */

/** SQL of this migration, one statement. */
export const sql = `
alter table alert_deliveries add column hold uuid;
`
