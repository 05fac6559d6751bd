/** What the page with a log viewer says of itself while a log grows. */

import type { Page } from 'playwright-core'

/** What was seen: the newest line at each frame that showed another one, and the milliseconds between frames. */
export interface Seen {
  painted: { n: number, at: number }[]
  frames: number[]
}

/** Notes from now on which line is the last one shown, with the wall-clock time of the frame, and how long frames take. */
export async function watchLog(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: Seen = { painted: [], frames: [] }
    Object.assign(globalThis, { benchLog: seen })
    let last = 0
    let before = performance.now()
    // A message posted inside an animation frame arrives after that frame was painted, with what the page's own callbacks of the frame put in.
    const painted = new MessageChannel()
    painted.port1.onmessage = () => {
      const n = Number([...document.querySelectorAll('[data-testid="log-line"]')].at(-1)?.getAttribute('data-line') ?? 0)
      if (n <= last) return
      last = n
      seen.painted.push({ n, at: performance.timeOrigin + performance.now() })
    }
    const look = (now: number): void => {
      seen.frames.push(now - before)
      before = now
      painted.port2.postMessage(0)
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
}

/** What was seen since {@link watchLog}. */
export async function readSeen(page: Page): Promise<Seen> {
  return await page.evaluate(() => (globalThis as unknown as { benchLog: Seen }).benchLog)
}

/** How many lines the viewer holds. */
export async function readHeld(page: Page): Promise<number> {
  return await page.evaluate(() => Number(document.querySelector('[data-testid="log-viewer"]')?.getAttribute('data-held') ?? 0))
}

/** Megabytes of the page's heap after garbage was collected. */
export async function readHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.enable')
  await session.send('HeapProfiler.collectGarbage')
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  await session.detach()
  return usedSize / 1_000_000
}

/** Milliseconds until a search of the whole log has its count. */
export async function timeSearch(page: Page, text: string): Promise<number> {
  return await page.evaluate(async words => {
    const field = document.querySelector<HTMLInputElement>('[data-testid="log-search"]')
    if (!field) throw new Error('there is no log viewer')
    const startedAt = performance.now()
    field.value = words
    field.dispatchEvent(new Event('input', { bubbles: true }))
    while (!/[1-9]\d*$/.test(document.querySelector('[data-testid="log-found"]')?.textContent?.trim() ?? '')) await new Promise(resolve => { setTimeout(resolve) })
    return performance.now() - startedAt
  }, text)
}

/** Milliseconds until a line far away is shown, by its address. */
export async function timeJump(page: Page, n: number): Promise<number> {
  return await page.evaluate(async line => {
    const startedAt = performance.now()
    location.hash = `#L${line}`
    while (!document.querySelector(`[data-line="${line}"]`)) await new Promise(resolve => { setTimeout(resolve) })
    return performance.now() - startedAt
  }, n)
}
