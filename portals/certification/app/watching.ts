/** Who watches a session. Pure. */
import type { ExamSession } from '@neo-stack/events'

/** Whether a proctor is one of those who watch it; where none are named, all are. */
export const isWatchedBy = ({ proctorIds }: Pick<ExamSession, 'proctorIds'>, userId = ''): boolean => proctorIds?.includes(userId) ?? true
