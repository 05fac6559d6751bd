/**
 * `start` runs the scale-out column on this machine until it is stopped; `config` writes the generated files of this folder;
 * `secrets` makes the secret files that compose.yaml names.
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSecrets, startCluster } from './cluster.ts'
import { composePlace, INDEPENDENT, secretFiles } from './compose.ts'
import { readClusterOptions } from './config.ts'
import { generate } from './generate.ts'
import { createRedisUsers } from './redis-users.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const platform = fileURLToPath(new URL('../../services/platform/src/main.ts', import.meta.url))

function writeConfig(): void {
  for (const [name, text] of Object.entries(generate())) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), text)
    process.stdout.write(`deploy/${name}\n`)
  }
}

/** Existing secrets stay: a new password would not open an old database. Beside them only what fits whatever they hold is added. */
function writeSecrets(): void {
  const own = path.join(folder, 'secrets')
  mkdirSync(own, { recursive: true, mode: 0o700 })
  const secrets = createSecrets()
  const files = Object.entries(secretFiles(composePlace(secrets), createRedisUsers(secrets)))
  const missing = files.filter(([name]) => !existsSync(path.join(own, name)))
  const ofOneKind = files.filter(([name]) => !INDEPENDENT.has(name))
  const gone = missing.filter(([name]) => !INDEPENDENT.has(name))
  const lost = gone.length < ofOneKind.length ? gone : []
  if (lost.length > 0) throw new Error(`deploy/secrets holds some secrets but not ${lost.map(([name]) => name).join(', ')}: a new one would not fit the others. Bring it back, or begin anew without deploy/secrets and without the volumes.`)
  for (const [name, text] of missing) {
    // Containers' users read them; whoever is on this machine does not get through the folder.
    writeFileSync(path.join(own, name), text, { mode: INDEPENDENT.has(name) ? 0o644 : 0o444 })
  }
  process.stdout.write(missing.length === 0 ? 'All secrets are there already.\n' : `Written: ${missing.map(([name]) => name).join(', ')}\n`)
}

async function start(): Promise<void> {
  const options = readClusterOptions(process.env)
  // Once, so that the services do not build side by side.
  if (options.portals === 'auto') execFileSync(process.execPath, [platform, 'build'], { stdio: 'inherit' })
  const cluster = await startCluster({ ...options, onReady: name => { process.stdout.write(`  ✓ ${name}\n`) } })
  const demo = ['event-service-1', 'event-service-2'].map(name => path.join(options.folder, name, 'demo.json')).find(file => existsSync(file))
  if (demo !== undefined) writeFileSync(path.join(options.folder, 'demo.json'), readFileSync(demo), { mode: 0o600 })
  const state = (): string => `${JSON.stringify({ url: cluster.url, pid: process.pid, parts: cluster.parts() }, null, 2)}\n`
  writeFileSync(path.join(options.folder, 'cluster.json'), state())
  // Parts that were started again have another process.
  setInterval(() => { writeFileSync(path.join(options.folder, 'cluster.json'), state()) }, 1000).unref()
  process.stdout.write(`\n  The cluster is ready: ${cluster.url}\n  Sign-ins: ${path.join(options.folder, 'demo.json')}\n`)
  let stopping: Promise<void> | undefined
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => { stopping ??= cluster.stop().then(() => process.exit(0), () => process.exit(1)) })
  }
}

const commands: Readonly<Record<string, () => void | Promise<void>>> = { start, config: writeConfig, secrets: writeSecrets }

try {
  await (commands[process.argv[2] ?? 'start'] ?? start)()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
