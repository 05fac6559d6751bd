/** Names of this portal's pages, for people who ask where somebody is. */
const names: Readonly<Record<string, string>> = {
  '/': 'tenant.dashboard', '/deployments': 'tenant.deployments', '/instances': 'tenant.instances', '/alerts': 'alertsPage.title', '/metrics': 'metrics.page', '/billing': 'billing.page', '/inbox': 'billing.title',
  '/history': 'history.title', '/team': 'team.title', '/settings': 'settings.title',
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** A page by its path: a deployment by its name, an invoice by its identifier, an unknown page by nothing but the portal. */
export function usePageLabels(tenantId: string): (path: string) => string {
  const { t } = useI18n()
  const { can } = useSession()
  const { events } = useDeploymentEvents(tenantId)
  return path => {
    const deployment = /^\/deployments\/([^/]+)$/.exec(path)?.[1]
    if (deployment !== undefined) return events.value.get(deployment)?.name ?? t('tenant.deployments')
    const invoice = /^\/billing\/([^/]+)$/.exec(path)?.[1]
    if (invoice !== undefined) return can('billing:read') ? t('billing.invoice.title', { id: decode(invoice) }) : t('billing.page')
    const name = names[path.replace(/(.)\/$/, '$1')]
    return name === undefined ? t('portal.tenant') : t(name)
  }
}
