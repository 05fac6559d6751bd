/** Exams say who watches them, and a scheduled session may be withdrawn. */

/** SQL of this migration, several statements. */
export const sql = `
alter table exams add column proctor_ids uuid[] not null default '{}';
alter table exam_sessions drop constraint exam_sessions_status_check, drop constraint exam_sessions_check;
alter table exam_sessions
  add constraint exam_sessions_status_check check (status in ('scheduled', 'withdrawn', 'started', 'submitted')),
  add constraint exam_sessions_deadline_check check ((status in ('scheduled', 'withdrawn')) = (deadline is null));
`
