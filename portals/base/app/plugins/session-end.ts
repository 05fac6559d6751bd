/**
 * When a session ends while a page is open, the sign-in page says why and leads back. When somebody else signs in in another tab,
 * this one begins anew: nothing of the one before may stay on the page.
 */
export default defineNuxtPlugin({
  name: 'portal:session-end',
  dependsOn: ['neo-stack:client'],
  setup: () => {
    const { session } = useNeoClient()
    const router = useRouter()
    let userId = session.user?.id
    session.onChange(status => {
      const { path, fullPath } = router.currentRoute.value
      const before = userId
      userId = status.state === 'signed-in' ? status.user.id : userId
      if (status.state === 'signed-in' && path !== '/sign-in' && before !== undefined && before !== userId) return reloadNuxtApp({ path: router.resolve('/').href, force: true })
      if (status.state !== 'signed-out' || path === '/sign-in') return
      const query = status.reason === undefined ? {} : { reason: status.reason, to: fullPath }
      void router.push({ path: '/sign-in', query })
    })
  },
})
