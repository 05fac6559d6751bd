/** Exams with their questions, and candidates' sessions: where each stands, what was answered, when its time ends. */

import { policy } from './policy.ts'

/** SQL of this migration, PostgreSQL 15's, several statements. */
export const sql: string = `
create table exams (
  tenant_id text not null references tenants (id), id uuid primary key, title text not null, seconds integer not null check (seconds > 0),
  pass_percent integer not null, questions jsonb not null, created_at timestamptz not null
);
create index exams_of_tenant on exams (tenant_id, created_at desc);
create table exam_sessions (
  tenant_id text not null references tenants (id), id uuid primary key, exam_id uuid not null references exams (id) on delete cascade,
  candidate_id uuid not null references users (id) on delete cascade,
  status text not null default 'scheduled' check (status in ('scheduled', 'started', 'submitted')), created_at timestamptz not null, opens_at timestamptz not null,
  started_at timestamptz, deadline timestamptz, submitted_at timestamptz, ended_by text check (ended_by in ('candidate', 'timer', 'proctor')), reason text,
  save integer not null default 0, answers jsonb not null default '{}', right_answers integer, version integer not null default 0,
  check ((status = 'scheduled') = (deadline is null)), check ((status = 'submitted') = (submitted_at is not null))
);
create index exam_sessions_of_tenant on exam_sessions (tenant_id, created_at desc);
create index exam_sessions_of_candidate on exam_sessions (candidate_id);
create index exam_sessions_of_exam on exam_sessions (exam_id);
create index exam_sessions_due on exam_sessions (deadline) where status = 'started';
grant select, insert, update, delete on exams, exam_sessions to neo_app;
${policy('exams')}
${policy('exam_sessions')}`
