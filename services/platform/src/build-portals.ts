/**
 * Builds the portals that changed since their last build, one after the other (each needs about 1 GB). A stamp beside the output
 * is the hash of all that goes into it.
 */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const generated = new Set(['node_modules', '.nuxt', '.output', 'test', 'dist'])

/** A portal and the folder of its built files. */
export interface Portal {
  name: string
  folder: string
  output: string
}

/** A portal could not be built; the message says where the log of the build is. */
export class PortalBuildError extends Error {
  override readonly name = 'PortalBuildError'
}

/** The portals of this repository, `base` being the layer that they extend. */
export function listPortals(): Portal[] {
  return readdirSync(path.join(root, 'portals')).filter(name => name !== 'base' && existsSync(path.join(root, 'portals', name, 'nuxt.config.ts')))
    .sort((a, b) => (b === 'tenant' ? 1 : 0) - (a === 'tenant' ? 1 : 0))
    .map(name => {
      const folder = path.join(root, 'portals', name)
      return { name, folder, output: path.join(folder, '.output', 'public') }
    })
}

/** Whether a portal's output is what its sources give. */
export function isBuilt(portal: Portal): boolean {
  const file = stampFile(portal)
  return existsSync(path.join(portal.output, 'index.html')) && existsSync(file) && readFileSync(file, 'utf8') === stampOf(portal)
}

/** Builds one portal. @throws {PortalBuildError} */
export async function buildPortal(portal: Portal): Promise<void> {
  const stamp = stampOf(portal)
  const { code, output } = await run(portal.folder)
  if (code !== 0) throw new PortalBuildError(`The ${portal.name} portal cannot be built:\n${output.slice(-4000)}`)
  writeFileSync(stampFile(portal), stamp)
}

const stampFile = (portal: Portal): string => path.join(portal.folder, '.output', 'stamp')

function stampOf(portal: Portal): string {
  const hash = createHash('sha256').update(process.version)
  const sources = ['package-lock.json', 'packages/events', 'packages/client', 'packages/nuxt', 'portals/base', path.relative(root, portal.folder)]
  for (const file of sources.flatMap(source => filesOf(path.join(root, source)))) hash.update(path.relative(root, file)).update(readFileSync(file))
  return hash.digest('hex')
}

function filesOf(entry: string): string[] {
  if (!existsSync(entry)) return []
  if (statSync(entry).isFile()) return [entry]
  return readdirSync(entry, { withFileTypes: true }).filter(one => !generated.has(one.name)).sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(one => one.isDirectory() ? filesOf(path.join(entry, one.name)) : [path.join(entry, one.name)])
}

function run(cwd: string): Promise<{ code: number | null, output: string }> {
  const nuxt = path.join(root, 'node_modules', 'nuxt', 'bin', 'nuxt.mjs')
  const child = spawn(process.execPath, [nuxt, 'generate', '--logLevel', 'silent'], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const keep = (chunk: Buffer): void => { output = (output + chunk.toString()).slice(-100_000) }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, output }))
  })
}
