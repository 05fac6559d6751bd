/** What many charts on one page cost the browser: built as portals are, each with a sample a second. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import type { Browser } from 'playwright-core'
import { build, preview } from 'vite'
import { launchBrowser } from '../browser.ts'
import { onEveryCore } from '../machine.ts'
import { root, type BenchContext } from '../scenario.ts'
import type { Row } from '../table.ts'

/** Charts on the page. */
export const PANELS = 20
/** Until what a page does once, at its start, is over. */
const WARM_MS = 3000

/** CPU of the browser while the page does nothing but follow. */
export async function measurePanels({ seconds }: BenchContext): Promise<Row[]> {
  const outDir = await mkdtemp(path.join(tmpdir(), 'panels-'))
  const own = { root: `${root}bench/panels`, configFile: false, logLevel: 'error' } as const
  await build({ ...own, build: { outDir, target: 'esnext' }, plugins: [vue(), ui({ router: false, dts: false, autoImport: { dts: false }, components: { dts: false } })] })
  const server = await preview({ ...own, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } })
  const browser = await onEveryCore(launchBrowser)
  try {
    const page = await browser.newPage({ locale: 'pt-BR', viewport: { width: 1920, height: 1080 } })
    await page.goto(`${server.resolvedUrls?.local[0] ?? ''}?panels=${PANELS}`)
    await page.locator('canvas').nth(PANELS - 1).waitFor({ timeout: 30_000 })
    await page.waitForTimeout(WARM_MS)
    const before = await readCpuSeconds(browser)
    await page.waitForTimeout(seconds * 1000)
    const after = await readCpuSeconds(browser)
    const used = (of: 'renderer' | 'all'): number => (after[of] - before[of]) / seconds
    return [
      { name: `CPU of a page with ${PANELS} panels at 1 Hz, its renderer`, value: used('renderer'), unit: 's/s' },
      { name: `CPU of a page with ${PANELS} panels at 1 Hz, the whole browser`, value: used('all'), unit: 's/s' },
    ]
  } finally {
    await browser.close()
    await server.close()
    await rm(outDir, { recursive: true })
  }
}

async function readCpuSeconds(browser: Browser): Promise<{ renderer: number, all: number }> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const sum = (processes: typeof processInfo): number => processes.reduce((seconds, { cpuTime }) => seconds + cpuTime, 0)
  return { renderer: sum(processInfo.filter(({ type }) => type === 'renderer')), all: sum(processInfo) }
}
