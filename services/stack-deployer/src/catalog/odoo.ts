/** Odoo with PostgreSQL. */

import type { CatalogueEntry } from './entry.ts'

export const odoo: CatalogueEntry = {
  type: 'odoo',
  front: 'odoo',
  health: 10,
  certificates: false,
  config: {
    version: { default: '17.0', pattern: /^\d{2}\.\d$/ },
    modules: { default: 'base,web,crm,sale', pattern: /^[a-z0-9_]+(?:,[a-z0-9_]+){0,19}$/ },
    adminUser: { default: 'admin', pattern: /^[\w.@+-]{1,64}$/ },
  },
  services: [
    {
      name: 'postgres', image: 'postgres:16.9', pull: 14, start: 6, port: 5432, needs: [], volumes: ['db-data'], before: [],
      after: [{ id: 'init_database', params: { database: 'odoo' }, weight: 8, kinds: ['create'] }],
    },
    {
      name: 'odoo', image: 'odoo:{version}', pull: 38, start: 12, port: 8069, needs: ['postgres'], volumes: ['odoo-data', 'odoo-addons'],
      before: [
        { id: 'install_modules', params: { modules: '{modules}' }, weight: 42, kinds: ['create'] },
        { id: 'update_modules', params: { modules: '{modules}' }, weight: 30, kinds: ['redeploy'] },
      ],
      after: [{ id: 'create_admin', params: { user: '{adminUser}' }, weight: 3, kinds: ['create'] }],
    },
  ],
}
