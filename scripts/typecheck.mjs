/**
 * Type-checks every workspace with its own tsconfig: sources as strictly as the base says (isomorphic packages without any
 * platform types), then sources with tests. Portals need their generated types first (`nuxt prepare`).
 * Usage: node scripts/typecheck.mjs [folder …]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const bin = name => path.join(root, 'node_modules', '.bin', name)
const groups = ['packages', 'services', 'portals'].flatMap(group =>
  existsSync(path.join(root, group)) ? readdirSync(path.join(root, group)).map(name => `${group}/${name}`) : [])
const asked = process.argv.slice(2)
const folders = [...groups, 'tests', 'bench', 'scripts'].filter(folder => asked.length === 0 || asked.includes(folder))

const run = (command, args, cwd) => spawnSync(process.execPath, [command, ...args], { cwd, stdio: 'inherit' }).status === 0

let failed = 0
for (const folder of folders) {
  const cwd = path.join(root, folder)
  const isNuxt = existsSync(path.join(cwd, 'nuxt.config.ts'))
  if (isNuxt && !run(bin('nuxt'), ['prepare', '--logLevel', 'silent'], cwd)) failed++
  for (const project of ['tsconfig.json', 'tsconfig.test.json']) {
    if (!existsSync(path.join(cwd, project))) continue
    const args = isNuxt ? ['-b', '--noEmit', project] : ['-p', project]
    if (!run(bin(isNuxt || folder === 'packages/nuxt' ? 'vue-tsc' : 'tsc'), args, cwd)) {
      console.error(`typecheck: ${folder}/${project} has errors`)
      failed++
    }
  }
}
process.exit(failed ? 1 : 0)
