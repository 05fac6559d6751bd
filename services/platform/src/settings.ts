/** Every setting of the platform process: its default and what it means. `docs/reference/settings.md` is made from this table. */

/** One setting as the reference shows it. */
export interface Setting {
  default: string
  doc: string
}

/** Name of a setting. */
export type SettingName =
  | 'HOST'
  | 'PORT'
  | 'NEO_DATA_DIR'
  | 'NEO_DEMO'
  | 'NEO_PUBLIC_URL'
  | 'NEO_ALLOWED_ORIGINS'
  | 'NEO_IDENTITY_PROVIDERS'
  | 'NEO_PORTALS'
  | 'NEO_SMTP_URL'
  | 'NEO_MAIL_FROM'
  | 'METRICS_TOKEN'
  | 'NEO_TENANT_METRICS'
  | 'LOG_LEVEL'
  | 'NEO_OTLP_URL'
  | 'NEO_DEPLOYER'
  | 'DOCKER_HOST'
  | 'NEO_INSTANCE_HOST'
  | 'NEO_CATALOGUE'
  | 'DATABASE_URL'
  | 'REDIS_URL'
  | 'CENTRIFUGO_URL'
  | 'CENTRIFUGO_SOCKET_URL'
  | 'CENTRIFUGO_API_KEY'

/** Settings by the name of their environment variable. */
export const settings: Readonly<Record<SettingName, Setting>> = {
  HOST: { default: '127.0.0.1', doc: 'Address to listen on' },
  PORT: { default: '8080', doc: 'Port to listen on; 0 takes a free one' },
  NEO_DATA_DIR: { default: '.data', doc: 'Folder of the embedded database and of the secrets that were made' },
  NEO_DEMO: { default: '1 on loopback', doc: '1 seeds two demo tenants and plays a labelled history once, 0 starts empty with one operator; off loopback it must be set' },
  NEO_PUBLIC_URL: { default: 'http://HOST:PORT', doc: 'Address under which browsers reach the platform' },
  NEO_ALLOWED_ORIGINS: { default: '', doc: 'More origins that may open sockets and use cookies, comma-separated' },
  NEO_IDENTITY_PROVIDERS: { default: '', doc: 'JSON file with the OpenID Connect providers whose people may come in; see docs/guide/identity.md' },
  NEO_PORTALS: { default: 'auto', doc: 'auto builds portals that changed, none serves no portals' },
  NEO_SMTP_URL: { default: '', doc: 'Mail server for the e-mail of billing: smtp://user:password@host:587, or smtps:// for TLS from the first byte; without it none is sent' },
  NEO_MAIL_FROM: { default: '', doc: 'Sender of e-mail, such as NEO_STACK <billing@example.com>; goes with NEO_SMTP_URL' },
  METRICS_TOKEN: { default: '', doc: 'Bearer that may read /metrics from elsewhere than loopback' },
  NEO_TENANT_METRICS: { default: '0', doc: '1 serves events by tenant, the busiest 100 by name, at /metrics/tenants' },
  LOG_LEVEL: { default: 'warn', doc: 'debug, info, warn, error or silent, and others for modules: warn,http=info,deployer=debug; changed while it runs by npm run platform -- log-level' },
  NEO_OTLP_URL: { default: '', doc: 'Collector of traces that speaks OTLP over HTTP, such as http://127.0.0.1:4318; without it no spans are made' },
  NEO_DEPLOYER: { default: 'auto', doc: 'docker deploys containers over the Docker API, simulation only shows how; auto takes docker if its API answers' },
  DOCKER_HOST: { default: 'unix:///var/run/docker.sock', doc: 'Docker API, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as Docker\'s own tools read them' },
  NEO_INSTANCE_HOST: { default: '127.0.0.1', doc: 'Address of the container host that deployed instances listen on, each on a free port' },
  NEO_CATALOGUE: { default: '', doc: 'JSON or YAML file with your own images and stacks beside the catalogue\'s; see docs/guide/containers.md' },
  DATABASE_URL: { default: '', doc: 'Scale-out: PostgreSQL, as the owner of the database' },
  REDIS_URL: { default: '', doc: 'Scale-out: Redis, for presence' },
  CENTRIFUGO_URL: { default: '', doc: 'Scale-out: server APIs of the Centrifugo nodes, comma-separated' },
  CENTRIFUGO_SOCKET_URL: { default: '', doc: 'Scale-out: where the Centrifugo nodes take sockets, comma-separated; delivery through each is watched' },
  CENTRIFUGO_API_KEY: { default: '', doc: 'Scale-out: key of Centrifugo\'s server API, at least 16 characters' },
}
