/** How much JavaScript each portal has, and how much of it the first page loads. */

import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root, type Measured, type Scenario } from '../scenario.ts'
import type { Row } from '../table.ts'

export const bundle: Scenario = {
  cores: '',
  doc: 'JavaScript per portal, gzip',
  run: async () => {
    const folders = await Array.fromAsync(glob(`${root}portals/*/.output/public`))
    const rows = await Promise.all(folders.sort().map(measure))
    return { rows: rows.flat(), ...rows.length === 0 && { notes: ['skipped: needs built portals (npm run platform -- build)'] } } satisfies Measured
  },
}

async function measure(folder: string): Promise<Row[]> {
  const portal = basename(join(folder, '../..'))
  const files = await Array.fromAsync(glob('**/*.js', { cwd: folder }))
  const sizes = new Map(await Promise.all(files.map(async file => [basename(file), gzipSync(await readFile(join(folder, file))).length] as const)))
  const page = ['200.html', 'index.html'].map(name => join(folder, name)).find(existsSync)
  const first = page === undefined ? [] : namesIn(await readFile(page, 'utf8'))
  const sum = (names: Iterable<string>): number => [...names].reduce((total, name) => total + (sizes.get(name) ?? 0), 0) / 1024
  return [
    { name: `${portal}: all of it`, value: sum(sizes.keys()), unit: 'KiB' },
    { name: `${portal}: named by the first page`, value: sum(first), unit: 'KiB' },
  ]
}

/** The scripts a page names, those it preloads included. */
function namesIn(page: string): Set<string> {
  return new Set([...page.matchAll(/[\w.-]+\.js(?=["'\s])/g)].map(([name]) => name))
}
