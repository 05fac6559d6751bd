/** The number after which each type is sent by e-mail: what came before somebody asked for it is not. */
export const sql = "alter table billing_preferences add column mailed_after jsonb not null default '{}';"
