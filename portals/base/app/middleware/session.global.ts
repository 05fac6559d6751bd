/** Takes up the session before the first page shows, and sends whoever is not signed in to the sign-in page and back afterwards. */
import { belongsHere, toInnerPath } from '../sign-in.ts'

export default defineNuxtRouteMiddleware(async to => {
  const { session } = useNeoClient()
  const { portal } = useAppConfig()
  if (session.status.state === 'unknown') {
    try {
      await session.restore()
    } catch {
      return abortNavigation(createError({ statusCode: 503, statusMessage: 'unavailable', fatal: true }))
    }
  }
  const { user } = session
  if (user && !belongsHere(user, portal.name)) {
    await session.signOut().catch(() => undefined)
    return navigateTo({ path: '/sign-in', query: { reason: 'wrong_portal' } })
  }
  // A one-time password has no rights: its place is taken first.
  if (user?.mustChangePassword === true) return to.path === '/sign-in' ? undefined : navigateTo({ path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } })
  // Who is signed in may ask for the form: the page says what that means.
  if (to.path === '/sign-in' && to.query.switch !== undefined) return undefined
  if (to.path === '/sign-in') return user ? navigateTo(toInnerPath(to.query.to)) : undefined
  return user ? undefined : navigateTo({ path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } })
})
