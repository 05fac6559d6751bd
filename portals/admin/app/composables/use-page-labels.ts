/** Names of this portal's pages, for operators who ask where another one is. */
const names: Readonly<Record<string, string>> = {
  '/': 'admin.overview', '/tenants': 'tenants.title', '/instances': 'admin.instances', '/deployments': 'admin.deployments', '/alerts': 'admin.alerts', '/metrics': 'metrics.page', '/explorer': 'explorer.title',
  '/connections': 'connections.title', '/people': 'people.title', '/audit': 'audit.title', '/announcements': 'announce.title', '/history': 'history.title', '/inbox': 'billing.title', '/settings': 'settings.title',
}

/** A page by its path: a tenant by its identifier, an unknown page by nothing but the portal. */
export function usePageLabels(): (path: string) => string {
  const { t } = useI18n()
  return path => /^\/tenants\/([^/]+)$/.exec(path)?.[1] ?? t(names[path] ?? 'portal.admin')
}
