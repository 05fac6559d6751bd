/** Wazuh: indexer, manager and dashboard. */

import type { CatalogueEntry } from './entry.ts'

export const wazuh: CatalogueEntry = {
  type: 'wazuh',
  front: 'dashboard',
  health: 18,
  certificates: true,
  config: {
    version: { default: '4.12.0', pattern: /^4\.\d{1,2}\.\d{1,2}$/ },
    adminUser: { default: 'admin', pattern: /^[\w.@+-]{1,64}$/ },
  },
  services: [
    {
      name: 'indexer', image: 'wazuh/wazuh-indexer:{version}', pull: 44, start: 20, port: 9200, needs: [], volumes: ['indexer-data'], before: [],
      after: [{ id: 'init_security', weight: 12, kinds: ['create'] }],
    },
    {
      name: 'manager', image: 'wazuh/wazuh-manager:{version}', pull: 30, start: 12, port: 55000, needs: ['indexer'],
      volumes: ['manager-etc', 'manager-logs', 'manager-queue'], before: [],
      after: [{ id: 'load_rules', weight: 10, kinds: ['create', 'redeploy'] }],
    },
    {
      name: 'dashboard', image: 'wazuh/wazuh-dashboard:{version}', pull: 26, start: 12, port: 5601, needs: ['indexer', 'manager'],
      volumes: ['dashboard-config'], before: [],
      after: [{ id: 'create_admin', params: { user: '{adminUser}' }, weight: 3, kinds: ['create'] }],
    },
  ],
}
