/** NetBox with PostgreSQL and Redis, and its background worker. */

import type { CatalogueEntry } from './entry.ts'

export const netbox: CatalogueEntry = {
  type: 'netbox',
  front: 'netbox',
  health: 12,
  certificates: false,
  config: {
    version: { default: '4.2.3', pattern: /^\d\.\d{1,2}\.\d{1,2}$/ },
    adminUser: { default: 'admin', pattern: /^[\w.@+-]{1,64}$/ },
  },
  services: [
    {
      name: 'postgres', image: 'postgres:16.9', pull: 14, start: 6, port: 5432, needs: [], volumes: ['db-data'], before: [],
      after: [{ id: 'init_database', params: { database: 'netbox' }, weight: 6, kinds: ['create'] }],
    },
    { name: 'redis', image: 'redis:7.2.9', pull: 6, start: 2, port: 6379, needs: [], volumes: ['redis-data'], before: [], after: [] },
    {
      name: 'netbox', image: 'netboxcommunity/netbox:v{version}', pull: 32, start: 10, port: 8080, needs: ['postgres', 'redis'],
      volumes: ['media', 'reports', 'scripts'],
      before: [
        { id: 'run_migrations', weight: 34, kinds: ['create', 'redeploy'] },
        { id: 'collect_static', weight: 5, kinds: ['create', 'redeploy'] },
      ],
      after: [{ id: 'create_admin', params: { user: '{adminUser}' }, weight: 3, kinds: ['create'] }],
    },
    {
      name: 'netbox-worker', image: 'netboxcommunity/netbox:v{version}', pull: 2, start: 4, port: 0, needs: ['netbox'], volumes: [], before: [], after: [],
    },
  ],
}
