/** The trace that an event was published in, for whoever reads it later. */

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = 'alter table events add column traceparent text;'
