/** Says what happened to exams while the reader was on another page, unless that was turned off: to candidates of their own, to proctors of those they watch. */
import type { ExamSession } from '@neo-stack/events'
import { isWatchedBy } from '../watching.ts'

export function useExamNotices(tenantId: string): void {
  const { t } = useI18n()
  const { user, can } = useSession()
  const toast = useToast()
  const route = useRoute()
  const isWanted = useNotices('exams')
  const { sessions, isLoaded } = useExamSessions(tenantId)
  const isProctor = can('exam:write')
  let known: ReadonlyMap<string, ExamSession> | undefined

  function kindOf(session: ExamSession): 'scheduled' | 'withdrawn' | 'started' | 'submitted' | 'result' | undefined {
    const before = known?.get(session.id)
    const isOwn = session.candidateId === user.value?.id
    if (!before) return isOwn && session.status === 'scheduled' ? 'scheduled' : undefined
    if (session.result && !before.result && isOwn) return 'result'
    if (session.status === before.status) return undefined
    if (session.status === 'scheduled' || session.status === 'withdrawn') return isOwn ? session.status : undefined
    return isProctor && !isOwn && isWatchedBy(session, user.value?.id) ? session.status : undefined
  }

  watch([sessions, isLoaded], ([all, hasLoaded]) => {
    if (!hasLoaded) return
    for (const session of known ? all : []) {
      const kind = kindOf(session)
      if (kind === undefined || !isWanted.value || route.path === `/sessions/${session.id}` || document.visibilityState === 'hidden') continue
      toast.add({
        title: t(`exams.notice.${kind}`, { name: session.candidateName, title: session.title }), icon: 'i-lucide-clipboard-check', color: 'neutral',
        actions: [{ label: t('exams.open'), color: 'neutral', variant: 'outline', onClick: () => { void navigateTo(`/sessions/${session.id}`) } }],
      })
    }
    known = new Map(all.map(session => [session.id, session]))
  }, { immediate: true })
}
