/** When a session ends while a page is open, the sign-in page says why and leads back. */
export default defineNuxtPlugin({
  name: 'portal:session-end',
  dependsOn: ['neo-stack:client'],
  setup: () => {
    const { session } = useNeoClient()
    const router = useRouter()
    session.onChange(status => {
      const { path, fullPath } = router.currentRoute.value
      if (status.state !== 'signed-out' || path === '/sign-in') return
      const query = status.reason === undefined ? {} : { reason: status.reason, to: fullPath }
      void router.push({ path: '/sign-in', query })
    })
  },
})
