/** What the containers of the catalogue print when they start. */

import { between, hex, type Random } from './random.ts'

/** Output of one container by service name; unknown services print nothing of their own. */
export const startup: Readonly<Record<string, (random: Random) => string[]>> = {
  'postgres': random => [
    'The files belonging to this database system will be owned by user "postgres".',
    'The database cluster will be initialized with locale "en_US.utf8".',
    'fixing permissions on existing directory /var/lib/postgresql/data ... ok',
    'creating subdirectories ... ok',
    'selecting dynamic shared memory implementation ... posix',
    'running bootstrap script ... ok',
    'performing post-bootstrap initialization ... ok',
    `LOG:  starting PostgreSQL 16.9 on x86_64-pc-linux-gnu, 64-bit, system identifier 74${between(random, 10_000_000, 99_999_999)}`,
    'LOG:  listening on IPv4 address "0.0.0.0", port 5432',
    'LOG:  database system is ready to accept connections',
  ],
  'redis': random => [
    `1:C * Redis version=7.2.9, bits=64, commit=${hex(random, 8)}, modified=0, pid=1, just started`,
    '1:M * Running mode=standalone, port=6379.',
    '1:M * Server initialized',
    '1:M * Ready to accept connections tcp',
  ],
  'odoo': random => [
    'INFO ? odoo: Odoo version 17.0',
    'INFO ? odoo: Using configuration file at /etc/odoo/odoo.conf',
    'INFO ? odoo: database: odoo@postgres:5432',
    `INFO ? odoo.service.server: Evented Service (longpolling) running on 0.0.0.0:8072, pid ${between(random, 20, 60)}`,
    'INFO ? odoo.service.server: HTTP service (werkzeug) running on 0.0.0.0:8069',
    `INFO odoo odoo.modules.registry: Registry loaded in ${(1 + random() * 2).toFixed(3)}s`,
  ],
  'netbox': random => [
    '🧬 loaded config \'/etc/netbox/config/configuration.py\'',
    '⏳ Waiting on DB... (0s / 30s)',
    '✅ Initialisation is done.',
    '[notice] unit started, listening on 0.0.0.0:8080',
    `[info] "netbox" application started, ${between(random, 3, 6)} processes`,
  ],
  'netbox-worker': random => [
    `Worker rq:worker:${hex(random, 16)} started with PID 1`,
    '*** Listening on high, default, low...',
  ],
  'indexer': random => [
    `[INFO ][o.o.n.Node] [indexer] version[2.19.1], pid[1], build[deb/${hex(random, 40)}]`,
    '[INFO ][o.o.s.s.t.SSLConfig] [indexer] SSL dual mode is disabled',
    '[INFO ][o.o.p.PluginsService] [indexer] loaded plugin [opensearch-security]',
    '[INFO ][o.o.t.TransportService] [indexer] publish_address {0.0.0.0:9300}',
    '[INFO ][o.o.c.c.Coordinator] [indexer] cluster UUID [_na_]',
    '[INFO ][o.o.h.AbstractHttpServerTransport] [indexer] publish_address {0.0.0.0:9200}',
    '[INFO ][o.o.n.Node] [indexer] started',
  ],
  'manager': random => [
    '[cont-init.d] 0-wazuh-init: executing...',
    'Installing /var/ossec/etc ... done',
    'Starting Wazuh v4.12.0...',
    ...['wazuh-apid', 'wazuh-integratord', 'wazuh-execd', 'wazuh-analysisd', 'wazuh-syscheckd', 'wazuh-remoted', 'wazuh-monitord', 'wazuh-modulesd']
      .map(name => `Started ${name} (pid ${between(random, 100, 900)})...`),
    'Completed.',
  ],
  'dashboard': random => [
    '[info][plugins-service] Plugin "wazuh" is enabled',
    `[info][savedobjects-service] Starting saved objects migrations (${between(random, 5, 9)} indices)`,
    '[info][listening] Server running at https://0.0.0.0:5601',
    '[info][server][OpenSearchDashboards][http] http server running',
  ],
}
