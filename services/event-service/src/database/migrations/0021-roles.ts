/** Whoever migrates may act as the roles of transactions; a superuser may anyway. */

/** SQL of this migration, PostgreSQL 15's. */
export const sql: string = `
do $$ begin
  execute format('grant neo_app, neo_search to %I', current_user);
end $$;
`
