/**
 * Small stand-ins for the catalogue's images: the same ports, health checks, commands and dependencies, done by busybox. Every
 * server is an HTTP server on the real one's port; a name that cannot be resolved or a server that is not there is a failure as
 * with the real ones.
 */

import { catalogue, type CatalogueEntry } from '../src/index.ts'

/** A server on a port that answers these paths, after some seconds. */
const serve = (port: number, paths: readonly string[], seconds = 0): string =>
  `mkdir -p /var/www/s; ${paths.map(one => `mkdir -p "/var/www/s$(dirname ${one})"; echo ok > /var/www/s${one}`).join('; ')}; echo starting; sleep ${seconds}; echo "listening on ${port}"; exec httpd -f -p ${port} -h /var/www/s`

const script = (text: string): string => `#!/bin/sh\n${text}\n`
const get = (url: string): string => `wget -q -O /dev/null ${url}`

/** Files of the images by path. */
export const stubScripts: Readonly<Record<string, string>> = {
  'bin/bash': script('exec sh "$@"'),
  'bin/curl': script('for url in "$@"; do :; done\ncase "$*" in *"-X PUT"*) exit 0;; esac\nexec wget -q -O /dev/null "$(echo "$url" | sed s/https/http/)"'),
  'bin/openssl': script('while [ $# -gt 0 ]; do case "$1" in -out|-keyout) echo key > "$2";; esac; shift; done'),
  'stub/postgres': script(`[ -s /run/secrets/db_password ] || exit 3; ${serve(5432, ['/index.html'])}`),
  'bin/pg_isready': script(get('http://127.0.0.1:5432/')),
  'bin/psql': script('for query in "$@"; do :; done\nname=$(echo "$query" | cut -d"\'" -f2)\nif [ -e "/var/lib/postgresql/data/$name" ]; then echo 1; fi'),
  'bin/createdb': script('for name in "$@"; do :; done\necho "CREATE DATABASE $name"; touch "/var/lib/postgresql/data/$name"'),
  'stub/redis': script(serve(6379, ['/index.html'])),
  'bin/redis-cli': script(get('http://127.0.0.1:6379/')),
  'bin/odoo': script(`${get('http://postgres:5432/')} || { echo "no database" >&2; exit 4; }
[ "$1" = shell ] && { cat > /var/lib/odoo/admin; echo "admin $ADMIN_USER written"; exit 0; }
case "$*" in *--stop-after-init*) echo "loading modules $4"; echo "$4" >> /var/lib/odoo/modules; exit 0;; esac
echo "password is $(cat /run/secrets/admin_password)"
${serve(8069, ['/web/health'], 1)}`),
  'opt/netbox/netbox/manage.py': script(`case "$1" in
rqworker) echo "listening on high, default, low"; exec sleep 3600;;
migrate|collectstatic|createsuperuser) ${get('http://postgres:5432/')} && ${get('http://redis:6379/')} && echo "$1 done";;
*) exit 2;; esac`),
  'stub/netbox': script(serve(8080, ['/login/index.html'], 1)),
  'usr/share/wazuh-indexer/bin/indexer-security-init.sh': script('echo "Done with success"'),
  'var/ossec/bin/wazuh-analysisd': script('echo "Total rules enabled: 4500"'),
  'stub/indexer': script(`[ -s /etc/wazuh-certs/indexer.pem ] || exit 5; ${serve(9200, ['/index.html'])}`),
  'stub/manager': script(`${get('http://indexer:9200/')} || exit 6; ${serve(55000, ['/index.html'])}`),
  'stub/dashboard': script(`${get('http://manager:55000/')} || exit 7; ${serve(5601, ['/app/login'], 1)}`),
  'stub/web': script(serve(8069, ['/web/health'], 1)),
  'stub/crash': script('echo "about to crash"; echo "fatal: no such table" >&2; sleep 1; exit 17'),
  'stub/deaf': script('echo "I never answer"; exec sleep 3600'),
  'stub/flood': script(`yes "flooding the log with one more line" | head -n 20000; ${serve(8069, ['/web/health'])}`),
}

/** Command of each image by its name. */
export const stubImages: Readonly<Record<string, readonly string[]>> = {
  'localhost/stub/postgres:1': ['/stub/postgres'],
  'localhost/stub/redis:1': ['/stub/redis'],
  'localhost/stub/odoo:1': ['/bin/odoo'],
  'localhost/stub/netbox:1': ['/stub/netbox'],
  'localhost/stub/netbox-worker:1': ['/stub/netbox'],
  'localhost/stub/indexer:1': ['/stub/indexer'],
  'localhost/stub/manager:1': ['/stub/manager'],
  'localhost/stub/dashboard:1': ['/stub/dashboard'],
  'localhost/stub/web:1': ['/stub/web'],
  'localhost/stub/crash:1': ['/stub/crash'],
  'localhost/stub/deaf:1': ['/stub/deaf'],
  'localhost/stub/flood:1': ['/stub/flood'],
}

/** An entry for each of the catalogue's. */
export type StubCatalogue = Record<keyof typeof catalogue, CatalogueEntry>

/** What {@link smallStack} makes. */
export interface SmallStack { label: string, front: string, services: object[] }

/** A stack of a database and a front, as an operator's file adds one; small, so that every step of it is soon there. @param seconds limit of the front's probe */
export function smallStack(label: string, image: string, seconds = 60): SmallStack {
  const probe = (port: number, path: string): { command: string[], seconds: number } => ({ command: ['wget', '-q', '-O', '/dev/null', `http://127.0.0.1:${port}${path}`], seconds })
  return {
    label, front: 'web',
    services: [
      { name: 'database', image: 'localhost/stub/redis:1', port: 6379, container: { mounts: { data: '/data' }, probe: probe(6379, '/'), memoryMiB: 32, cpus: 1 } },
      { name: 'web', image, port: 8069, needs: ['database'], container: { secrets: ['admin_password'], probe: probe(8069, '/web/health'), memoryMiB: 32, cpus: 1 } },
    ],
  }
}

/** The catalogue on stub images. @param images further images by service; @param seconds limit of every probe */
export function stubCatalogue(images: Readonly<Record<string, string>> = {}, seconds = 60): StubCatalogue {
  const entries = Object.entries(catalogue).map(([type, entry]) => [type, {
    ...entry,
    services: entry.services.map(service => ({
      ...service, image: images[service.name] ?? `localhost/stub/${service.name}:1`,
      container: { ...service.container, memoryMiB: 64, ...service.container.probe && { probe: { ...service.container.probe, seconds } } },
    })),
  }])
  return Object.fromEntries(entries) as StubCatalogue
}
