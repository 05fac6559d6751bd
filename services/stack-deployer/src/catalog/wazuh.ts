/** Wazuh: indexer, manager and dashboard, which talk TLS with certificates of the instance. */

import type { CatalogueEntry, StepCommand } from './entry.ts'

const certificates = { certificates: '/etc/wazuh-certs' }

/** A certificate authority and a certificate per service; what is there is kept. */
const makeCertificates = [
  'cd /etc/wazuh-certs', '[ -s root-ca.pem ] || openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/C=BR/O=NEO_STACK/CN=root-ca" -keyout root-ca.key -out root-ca.pem',
  'for name in admin indexer manager dashboard; do [ -s "$name.pem" ] && continue', 'echo "certificate for $name"',
  'openssl req -newkey rsa:2048 -nodes -subj "/C=BR/O=NEO_STACK/CN=$name" -keyout "$name-key.pem" -out "$name.csr"',
  'openssl x509 -req -days 3650 -in "$name.csr" -CA root-ca.pem -CAkey root-ca.key -CAcreateserial -out "$name.pem"', 'done', 'chmod 0400 ./*-key.pem root-ca.key',
].join('\n')

const exec = (service: string, ...command: string[]): StepCommand => ({ in: 'exec', service, command })

const indexerProbe = ['curl', '-ksS', '-o', '/dev/null', 'https://127.0.0.1:9200']

export const wazuh: CatalogueEntry = {
  type: 'wazuh',
  label: 'Wazuh',
  front: 'dashboard',
  health: 18,
  certificates: { in: 'once', service: 'manager', command: ['sh', '-ec', makeCertificates] },
  config: {
    version: { default: '4.12.0', pattern: /^4\.\d{1,2}\.\d{1,2}$/ },
    adminUser: { default: 'admin', pattern: /^[\w.@+-]{1,64}$/ },
  },
  admin: { user: 'admin', secret: 'admin_password' },
  services: [
    {
      name: 'indexer', image: 'wazuh/wazuh-indexer:{version}', pull: 44, start: 20, port: 9200, needs: [],
      container: {
        environment: { OPENSEARCH_JAVA_OPTS: '-Xms1g -Xmx1g', OPENSEARCH_INITIAL_ADMIN_PASSWORD: '{secret:admin_password}' }, secrets: [],
        mounts: { 'indexer-data': '/var/lib/wazuh-indexer', ...certificates }, probe: { command: indexerProbe, seconds: 180 }, memoryMiB: 2048, cpus: 2,
      },
      before: [],
      after: [{
        id: 'init_security', weight: 12, kinds: ['create'],
        run: exec('indexer', 'bash', '/usr/share/wazuh-indexer/bin/indexer-security-init.sh'),
      }],
    },
    {
      name: 'manager', image: 'wazuh/wazuh-manager:{version}', pull: 30, start: 12, port: 55000, needs: ['indexer'],
      container: {
        environment: { INDEXER_URL: 'https://indexer:9200', INDEXER_USERNAME: 'admin', INDEXER_PASSWORD: '{secret:admin_password}', API_PASSWORD: '{secret:api_password}' },
        secrets: [], mounts: { 'manager-etc': '/var/ossec/etc', 'manager-logs': '/var/ossec/logs', 'manager-queue': '/var/ossec/queue', ...certificates },
        probe: { command: ['curl', '-ksS', '-o', '/dev/null', 'https://127.0.0.1:55000'], seconds: 180 }, memoryMiB: 2048, cpus: 2,
      },
      before: [],
      after: [{ id: 'load_rules', weight: 10, kinds: ['create', 'redeploy'], run: exec('manager', '/var/ossec/bin/wazuh-analysisd', '-t') }],
    },
    {
      name: 'dashboard', image: 'wazuh/wazuh-dashboard:{version}', pull: 26, start: 12, port: 5601, needs: ['indexer', 'manager'],
      container: {
        environment: {
          OPENSEARCH_HOSTS: 'https://indexer:9200', WAZUH_API_URL: 'https://manager', INDEXER_USERNAME: 'admin',
          INDEXER_PASSWORD: '{secret:admin_password}', API_PASSWORD: '{secret:api_password}',
        },
        secrets: [], mounts: { 'dashboard-config': '/usr/share/wazuh-dashboard/data/wazuh/config', ...certificates },
        probe: { command: ['curl', '-ksS', '-o', '/dev/null', 'https://127.0.0.1:5601/app/login'], seconds: 240 }, memoryMiB: 1024, cpus: 1,
      },
      before: [],
      after: [{
        id: 'create_admin', params: { user: '{adminUser}' }, weight: 3, kinds: ['create'],
        run: exec('indexer', 'sh', '-c',
          'curl -ksS --fail -u "admin:$OPENSEARCH_INITIAL_ADMIN_PASSWORD" -X PUT "https://127.0.0.1:9200/_plugins/_security/api/rolesmapping/all_access" '
          + '-H "Content-Type: application/json" -d "{\\"users\\":[\\"$1\\"]}"', 'sh', '{adminUser}'),
      }],
    },
  ],
}
