/**
 * Every sentence that the interface asks for exists, and every sentence that exists is asked for. A key may be written out, stand
 * as a plain string (`labelKey: 'tenant.missing'`), or be put together (`status.${name}`): then its fixed parts must fit.
 * Usage: node scripts/check-messages.ts
 */

import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

type Tree = { [key: string]: string | Tree }

const root = path.join(import.meta.dirname, '..')
/** Messages of the module and the layer serve every portal; a portal's own serve itself. */
const shared = ['packages/nuxt/src/runtime', 'portals/base']
const portals = globSync('portals/*/messages/pt-br.ts', { cwd: root }).map(file => file.split(path.sep).slice(0, 2).join('/')).filter(folder => folder !== 'portals/base')

const flatten = (tree: Tree, prefix = ''): string[] => Object.entries(tree).flatMap(([key, value]) => typeof value === 'string' ? [prefix + key] : flatten(value, `${prefix}${key}.`))
const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** `tm` asks for a whole branch. */
const withParents = (key: string): string[] => key.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'))

async function readKeys(folder: string): Promise<string[]> {
  const file = path.join(root, folder, 'messages/pt-br.ts')
  return flatten(((await import(file)) as { ptBR: Tree }).ptBR)
}

/** What a file asks for: keys given to `t`, strings that may be keys, and patterns. */
interface Asked { calls: Set<string>, strings: Set<string>, patterns: string[] }

function readAsked(folder: string): Asked {
  const asked: Asked = { calls: new Set(), strings: new Set(), patterns: [] }
  for (const file of globSync('**/*.{ts,vue}', { cwd: path.join(root, folder), exclude: name => /(node_modules|\.nuxt|\.output|messages|test)$/.test(name) })) {
    const text = readFileSync(path.join(root, folder, file), 'utf8')
    for (const [, key = ''] of text.matchAll(/\b(?:t|te|tm)\(\s*'([\w.]+)'/g)) asked.calls.add(key)
    for (const [, key = ''] of text.matchAll(/'([a-z]\w*(?:\.\w+)+)'/gi)) asked.strings.add(key)
    for (const [, pattern = ''] of text.matchAll(/`(\w[\w.]*\.(?:\$\{[^`]*?\}[\w.]*)+)`/g)) asked.patterns.push(pattern)
  }
  return asked
}

const toRegExp = (pattern: string): RegExp => new RegExp(`^${pattern.split(/\$\{[^}]*\}+/).map(escape).join('[\\w-]+')}$`)

const sharedKeys = (await Promise.all(shared.map(readKeys))).flat()
const sources = [...shared, ...portals].map(folder => ({ folder, asked: readAsked(folder) }))
const own = new Map(await Promise.all(portals.map(async folder => [folder, await readKeys(folder)] as const)))
const known = new Set([...sharedKeys, ...[...own.values()].flat()])
const faults: string[] = []

for (const { folder, asked } of sources) {
  const keys = new Set([...sharedKeys, ...own.get(folder) ?? []].flatMap(withParents))
  for (const key of asked.calls) if (!keys.has(key)) faults.push(`${folder}: '${key}' is asked for and does not exist`)
}

const patterns = sources.flatMap(({ asked }) => asked.patterns.map(toRegExp))
const strings = new Set(sources.flatMap(({ asked }) => [...asked.calls, ...asked.strings]))
for (const key of known) if (!strings.has(key) && !patterns.some(pattern => pattern.test(key))) faults.push(`'${key}' exists and nobody asks for it`)

for (const fault of faults) console.error(fault)
console.log(`messages: ${known.size} sentences, ${faults.length} faults`)
process.exitCode = faults.length > 0 ? 1 : 0
