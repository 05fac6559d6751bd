/** Exam sessions, live: all of the tenant for proctors, one's own for candidates. */
import type { ExamMap } from '@neo-stack/client'
import type { ExamSession } from '@neo-stack/events'
import type { ComputedRef } from 'vue'
import type { FeedRefs } from '../feed-store.ts'
import { computed, shallowRef } from 'vue'
import { useNeoClient } from '../client.ts'
import { serverClockOf } from '../exams/clock.ts'
import { useFeed } from '../feed-store.ts'

/** What {@link useExamSessions} gives. */
export interface ExamSessions extends FeedRefs {
  /** Newest first. */
  sessions: ComputedRef<readonly ExamSession[]>
  /** One of them, once it is known. */
  getSession: (id: string) => ExamSession | undefined
}

/** Watches a tenant's exam sessions. Nothing is asked before `connect()`; let go with the scope. */
export function useExamSessions(tenantId: string): ExamSessions {
  const clock = serverClockOf(useNeoClient())
  const { view, ...feed } = useFeed(`exams ${tenantId}`, ({ feeds }, { onView, ...handlers }) => {
    const map = shallowRef<ExamMap>(new Map())
    const onChange = (sessions: ExamMap): void => {
      map.value = sessions
      onView()
    }
    return { view: map, feed: feeds.exams(tenantId, { ...handlers, onChange, onTime: sample => { clock.learn(sample) } }) }
  })
  return { ...feed, sessions: computed(() => [...view.value.values()]), getSession: id => view.value.get(id) }
}
