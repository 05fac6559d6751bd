/** What of exam sessions is read: a list and one session with its paper, each with the place in the log it stands at. */

import { channelOf, type ExamPaper, type ExamSessionList } from '@neo-stack/events'
import type { Database } from '../database/database.ts'
import { readPosition } from '../database/position.ts'
import { Problem } from '../errors.ts'
import { listSessions, readSession, toAnswer } from './session-rows.ts'

/** Who reads: a candidate sees their own, a proctor all. */
export interface Reader {
  tenantId: string
  userId: string
  isProctor: boolean
}

/** Sessions that the reader may see, newest first. */
export function listFor({ database, now }: { database: Database, now: () => number }, { tenantId, userId, isProctor }: Reader): Promise<ExamSessionList> {
  return database.inTenant(tenantId, async tx => {
    const { logEpoch, seq } = await readPosition(tx, channelOf('certification', { tenantId }).name)
    const sessions = await listSessions(tx, tenantId, isProctor ? undefined : userId)
    return { sessions: sessions.map(toAnswer), logEpoch, seq, now: new Date(now()).toISOString() }
  }, { snapshot: true })
}

/** One session; its candidate reads questions, without what is right, and answers from the beginning on. @throws {Problem} `not_found` */
export function readPaper({ database, now }: { database: Database, now: () => number }, { tenantId, userId, isProctor }: Reader, id: string): Promise<ExamPaper> {
  return database.inTenant(tenantId, async tx => {
    const { logEpoch, seq } = await readPosition(tx, channelOf('certification', { tenantId }).name)
    const stored = await readSession(tx, tenantId, id)
    const isOwn = stored.candidateId === userId
    if (!isOwn && !isProctor) throw new Problem('not_found', { detail: 'There is no such exam session.' })
    const questions = stored.questions.map(({ id: name, text, choices }) => ({ id: name, text, choices: [...choices] }))
    const paper = isOwn && stored.state.status !== 'scheduled' ? { questions, answers: { ...stored.state.answers } } : {}
    return { session: toAnswer(stored), ...paper, logEpoch, seq, now: new Date(now()).toISOString() }
  }, { snapshot: true })
}
