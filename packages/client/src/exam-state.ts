/** What a reader makes of exam events: sessions by identifier, each as it stands. Pure. */

import type { Envelope, ExamEnd, ExamSession } from '@neo-stack/events'

/** Sessions by identifier, newest first. */
export type ExamMap = ReadonlyMap<string, ExamSession>

/** Makes the map of a list. */
export function toExamMap(sessions: readonly ExamSession[]): ExamMap {
  return new Map(sessions.map(session => [session.id, session]))
}

/** What an event changes in its session. */
const changes: Readonly<Record<string, (data: Envelope['data'], known: ExamSession) => Partial<ExamSession>>> = {
  exam_withdrawn: () => ({ status: 'withdrawn' }),
  exam_restored: () => ({ status: 'scheduled' }),
  exam_started: data => ({ status: 'started', startedAt: String(data['startedAt']), deadline: String(data['deadline']) }),
  exam_saved: (data, known) => Number(data['save']) > known.save ? { save: Number(data['save']), answered: Number(data['answered']) } : {},
  exam_submitted: data => ({
    status: 'submitted', by: data['by'] as ExamEnd, submittedAt: String(data['submittedAt']), answered: Number(data['answered']),
  }),
}

/** Merges one event; the same map when it changes nothing that is known. A submitted session stays as it is. */
export function applyExamEvent(map: ExamMap, { type, data }: Pick<Envelope, 'type' | 'data'>): ExamMap {
  const known = map.get(String(data['sessionId']))
  const change = changes[type]
  if (!known || !change || known.status === 'submitted') return map
  return new Map(map).set(known.id, { ...known, ...change(data, known) })
}

/** Whether an event says that there is more to read of its session than it says itself: a new session, or a result. */
export function isToRead(map: ExamMap, { type, data }: Pick<Envelope, 'type' | 'data'>): boolean {
  return type === 'exam_result' || (type === 'exam_scheduled' && !map.has(String(data['sessionId'])))
}
