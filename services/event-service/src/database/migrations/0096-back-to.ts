/** The deployment that a rollback goes back to; null for other kinds, and for rollbacks from before this was written down. */
export const sql = 'alter table deployments add column back_to text;'
