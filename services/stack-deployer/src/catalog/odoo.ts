/** Odoo with PostgreSQL. */

import type { CatalogueEntry, ContainerSpec } from './entry.ts'
import { postgresFor } from './postgres.ts'

const container: ContainerSpec = {
  environment: { HOST: 'postgres', PORT: '5432', USER: 'odoo', PASSWORD_FILE: '/run/secrets/db_password' },
  secrets: ['db_password', 'admin_password'], mounts: { 'odoo-data': '/var/lib/odoo', 'odoo-addons': '/mnt/extra-addons' },
  probe: { command: ['curl', '-fsS', '-o', '/dev/null', 'http://127.0.0.1:8069/web/health'], seconds: 120 }, memoryMiB: 2048, cpus: 2,
}

/** Names and passwords reach the shell by its environment and the secrets' files, never inside the text of a program. */
const createAdmin = [
  `user = env['res.users'].search([('id', '=', 2)]) or env.ref('base.user_admin')`,
  `user.write({'login': __import__('os').environ['ADMIN_USER'], 'password': open('/run/secrets/admin_password').read().strip()})`,
  'env.cr.commit()',
].join('\n')

export const odoo: CatalogueEntry = {
  type: 'odoo',
  label: 'Odoo',
  front: 'odoo',
  health: 10,
  config: {
    version: { default: '17.0', pattern: /^\d{2}\.\d$/ },
    modules: { default: 'base,web,crm,sale', pattern: /^[a-z0-9_]+(?:,[a-z0-9_]+){0,19}$/ },
    adminUser: { default: 'admin', pattern: /^[\w.@+-]{1,64}$/ },
  },
  admin: { user: '{adminUser}', secret: 'admin_password' },
  services: [
    postgresFor('odoo', 8),
    {
      name: 'odoo', image: 'odoo:{version}', pull: 38, start: 12, port: 8069, needs: ['postgres'], container,
      before: [
        {
          id: 'install_modules', params: { modules: '{modules}' }, weight: 42, kinds: ['create'],
          run: { in: 'once', service: 'odoo', command: ['odoo', '-d', 'odoo', '-i', '{modules}', '--without-demo=all', '--stop-after-init'] },
        },
        {
          id: 'update_modules', params: { modules: '{modules}' }, weight: 30, kinds: ['redeploy'],
          run: { in: 'once', service: 'odoo', command: ['odoo', '-d', 'odoo', '-u', '{modules}', '--stop-after-init'] },
        },
      ],
      after: [{
        id: 'create_admin', params: { user: '{adminUser}' }, weight: 3, kinds: ['create'],
        run: { in: 'exec', service: 'odoo', command: ['sh', '-c', 'printf %s "$1" | ADMIN_USER="$2" odoo shell -d odoo --no-http', 'sh', createAdmin, '{adminUser}'] },
      }],
    },
  ],
}
