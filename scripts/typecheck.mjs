/**
 * Type-checks every workspace with its own tsconfig: sources as strictly as the base says (isomorphic packages without any
 * platform types), then sources with tests. Portals need their generated types first (`nuxt prepare`); a Nuxt layer has no
 * tsconfig of its own, it is checked with the portals that extend it. Two run at a time; the compiler of plain TypeScript is the
 * native one, which has no Vue. What did not change since the last run is remembered under node_modules/.cache.
 * Usage: node scripts/typecheck.mjs [folder …]
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const cache = path.join(root, 'node_modules/.cache/typecheck')
const parallel = 2
const bin = name => path.join(root, 'node_modules', '.bin', name)
const tsc = path.join(root, 'node_modules/typescript-native/bin/tsc')
const vueTsc = bin('vue-tsc')
const inGroup = group => existsSync(path.join(root, group)) ? readdirSync(path.join(root, group)).map(name => `${group}/${name}`) : []

const every = [...['packages', 'services', 'portals'].flatMap(inGroup), 'tests', 'bench', 'deploy', 'scripts']
const asked = process.argv.slice(2).map(name => name.replace(/\/$/, ''))
const unknown = asked.filter(name => !every.includes(name))
if (unknown.length > 0) {
  console.error(`typecheck: no such folder: ${unknown.join(', ')}`)
  process.exit(2)
}

/** Runs a tool of ours with our Node; resolves with what it printed when it failed, else with ''. */
const run = (tool, args, cwd) => new Promise((resolve) => {
  const child = spawn(process.execPath, [tool, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', text => output += text)
  child.stderr.on('data', text => output += text)
  child.on('close', code => resolve(code === 0 ? '' : output || `${path.basename(tool)} ended with ${code}`))
})

const checkPortal = async (cwd) => {
  const prepared = await run(bin('nuxt'), ['prepare', '--logLevel', 'silent'], cwd)
  return prepared || await run(vueTsc, ['-b', '--noEmit', 'tsconfig.json'], cwd)
}

/** Not yet begun: a package whose folder has no source is nothing to check. */
const hasSources = cwd => !existsSync(path.join(cwd, 'src')) || readdirSync(path.join(cwd, 'src')).length > 0

const checkPackage = async (folder, cwd) => {
  const tool = folder === 'packages/nuxt' ? vueTsc : tsc
  let output = ''
  for (const project of ['tsconfig.json', 'tsconfig.test.json'].filter(name => existsSync(path.join(cwd, name)))) {
    const info = path.join(cache, `${folder.replace('/', '-')}-${project}.tsbuildinfo`)
    output += await run(tool, ['-p', project, '--incremental', '--tsBuildInfoFile', info], cwd)
  }
  return output
}

const check = async (folder) => {
  const cwd = path.join(root, folder)
  const start = performance.now()
  const output = existsSync(path.join(cwd, 'nuxt.config.ts')) ? await checkPortal(cwd) : hasSources(cwd) ? await checkPackage(folder, cwd) : ''
  console.log(`${output ? '✘' : '✔'} ${folder} ${((performance.now() - start) / 1000).toFixed(1)} s`)
  if (output) console.error(output)
  return output === ''
}

mkdirSync(cache, { recursive: true })
const isVue = folder => folder.startsWith('portals/') || folder === 'packages/nuxt'
const queue = asked.length > 0 ? asked : every.filter(folder => existsSync(path.join(root, folder, 'tsconfig.json'))).sort((a, b) => Number(isVue(b)) - Number(isVue(a)))
const worker = async () => {
  let passed = true
  for (let folder = queue.shift(); folder; folder = queue.shift()) passed = await check(folder) && passed
  return passed
}
const outcomes = await Promise.all(Array.from({ length: parallel }, worker))
process.exitCode = outcomes.every(Boolean) ? 0 : 1
