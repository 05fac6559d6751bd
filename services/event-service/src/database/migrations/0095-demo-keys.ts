/** Keys that play the demonstration: their events carry the actor type `demo`. */
export const sql = 'alter table api_keys add column is_demo boolean not null default false;'
