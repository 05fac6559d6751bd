/**
 * `npm start`: makes sure that a Node which can run the sources is at work, then starts the platform process. On Linux the
 * repository brings its own Node as a package; elsewhere the machine's must be new enough.
 */
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import path from 'node:path'

const root = path.join(import.meta.dirname ?? '.', '..')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (!existsSync(path.join(root, 'node_modules'))) {
  console.error('The dependencies are not installed: run npm ci first.')
  process.exit(1)
}
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: use Node 22.19 or newer (on Linux, npm ci installs one for npm start).`)
  process.exit(1)
}
nodeModule.enableCompileCache?.(path.join(root, 'node_modules', '.cache', 'compile'))
await import('../services/platform/src/main.ts')
