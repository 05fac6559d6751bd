/**
 * The boundaries of the code as one table: which files may not import what, and the reason a person reads when they do.
 * Paths are globs relative to the repository; what is imported is a package name or, for a relative import, the path it means.
 */

export interface Zone {
  /** Files the zone holds for. */
  files: string[]
  /** Files it does not hold for. */
  except?: string[]
  /** What those files may not import: globs over package names and repository paths. */
  forbid: string[]
  /** What they may import although `forbid` names it. */
  allow?: string[]
  /** The sentence that is shown. */
  why: string
}

const service = 'services/event-service/src'
const features = ['deployments', 'billing', 'metrics', 'alerts', 'presence', 'history', 'auth', 'tenants', 'exams', 'operations']
const others = (feature: string): string[] => features.filter(name => name !== feature)
const testCode = ['**/test/**', 'tests/**', 'bench/**', '**/*.config.ts']

const featureZones: Zone[] = features.map(feature => ({
  files: [`${service}/${feature}/**`],
  forbid: others(feature).map(name => `${service}/${name}/**`),
  why: 'A feature does not import another feature: go through publish/, a plugin, or a function given by app.ts.',
}))

export const zones: Zone[] = [
  ...featureZones,
  {
    files: [`${service}/publish/**`],
    forbid: features.map(name => `${service}/${name}/**`),
    why: 'publish/ knows no feature: a feature registers its projection in publish/\'s registry, app.ts brings the two together.',
  },
  {
    files: [`${service}/*/**`],
    forbid: [`${service}/app.ts`, `${service}/main.ts`, `${service}/index.ts`],
    why: 'app.ts is the composition root: it imports the parts, no part imports it.',
  },
  {
    files: [`${service}/**/*routes.ts`, `${service}/**/routes/**`],
    forbid: ['kysely', 'pg', 'pg-boss', '@electric-sql/pglite', '@electric-sql/pglite/**'],
    why: 'A route knows no SQL and no queue: it calls its feature\'s service.',
  },
  {
    files: [`${service}/realtime/**`, `${service}/database/**`, 'services/stack-deployer/src/drivers/**'],
    forbid: ['fastify', 'fastify-plugin', 'fastify-type-provider-zod', '@fastify/**'],
    why: 'An adapter knows no HTTP: what it refuses is an error of its port, errors.ts makes the answer.',
  },
  {
    files: ['**/*-state.ts', '**/plan.ts', '**/status.ts', '**/rules.ts', '**/thresholds.ts'],
    except: testCode,
    forbid: ['**'],
    allow: ['@neo-stack/events', 'packages/*/src/**', 'services/*/src/**', 'portals/**'],
    why: 'A pure file decides and does nothing else: it imports no Node, DOM or vendor module, the shell beside it performs the effects.',
  },
  {
    files: ['packages/events/**'],
    except: testCode,
    forbid: ['**'],
    allow: ['packages/events/src/**', 'zod'],
    why: 'packages/events is read by browser and server alike: zod is the only module it imports.',
  },
  {
    files: ['packages/engine/**'],
    forbid: ['@neo-stack/**'],
    why: 'The engine speaks Centrifugo\'s protocol and knows nothing of ours, so that it stays exchangeable for Centrifugo.',
  },
  {
    files: ['packages/client/**', 'packages/nuxt/**', 'portals/**'],
    except: ['packages/client/bin/**', ...testCode],
    forbid: ['node:*', 'node:*/**', 'ws', 'pino'],
    allow: [],
    why: 'This code runs in a browser: it imports no Node module.',
  },
  {
    files: ['**'],
    except: ['packages/client/src/connection.ts', 'packages/testing/**', 'packages/engine/test/**', ...testCode],
    forbid: ['centrifuge', 'centrifuge/**'],
    why: 'Only packages/client/src/connection.ts imports centrifuge: everything else uses the typed client.',
  },
  {
    files: ['**'],
    except: ['**/redis.ts', ...testCode],
    forbid: ['ioredis', 'redis'],
    why: 'Only a redis.ts adapter knows a Redis client: everything else takes the port beside it.',
  },
]
