/** What a story in browsers is played on: the real processes with their demonstration, browsers, and people who come in. */

import type { DemoFile } from '@neo-stack/testing'
import { signIn } from '@neo-stack/testing/playwright'
import type { Browser } from 'playwright-core'
import { startProcesses, type Processes } from '../column.ts'
import { launch, openPage, type Watched } from './browser.ts'

/** How somebody comes in. */
export interface Entrance {
  /** Which of the browsers. @default 0 */
  browser?: number
  /** @default 'tenant' */
  portal?: 'tenant' | 'admin' | 'certification'
  colorScheme?: 'light' | 'dark'
  width?: number
}

/** See {@link openStage}. */
export interface Stage {
  platform: Processes
  /** Signs somebody of the demonstration in and waits for the shell. */
  enter: (email: string, entrance?: Entrance) => Promise<Watched>
  /** Asks the API with the key of a tenant's service, or with the operators' (null). @throws when it is refused */
  ask: (tenantId: string | null, route: string, body: object) => Promise<unknown>
  /** Reads from the API with the key of a tenant's service. @throws when it is refused */
  read: <Answer>(tenantId: string, route: string) => Promise<Answer>
  close: () => Promise<void>
}

/** Starts the platform, with more settings where they are given, and as many browsers as are asked for. */
export async function openStage(browserCount = 1, env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const platform = await startProcesses(env)
  const { demo } = platform
  const browsers: Browser[] = await Promise.all(Array.from({ length: browserCount }, launch))
  return {
    platform,
    enter: async (email, { browser: index = 0, portal = 'tenant', ...options } = {}) => {
      const browser = browsers[index]
      if (!browser) throw new Error(`there is no browser ${index}`)
      const watched = await openPage(browser, platform.url, options)
      await signIn(watched.page, `${platform.url}/${portal}/`, accountOf(demo, email))
      await watched.page.getByTestId('user-menu').waitFor({ timeout: 60_000 })
      return watched
    },
    ask: async (tenantId, route, body) => {
      const key = demo.apiKeys.find(one => one.tenantId === tenantId)?.key ?? ''
      const answer = await fetch(platform.url + route, { method: 'POST', body: JSON.stringify(body), headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' } })
      if (!answer.ok) throw new Error(`${route} was answered ${answer.status}: ${await answer.text()}`)
      return await answer.json()
    },
    read: async <Answer>(tenantId: string, route: string) => {
      const key = demo.apiKeys.find(one => one.tenantId === tenantId)?.key ?? ''
      const answer = await fetch(platform.url + route, { headers: { authorization: `Bearer ${key}` } })
      if (!answer.ok) throw new Error(`${route} was answered ${answer.status}: ${await answer.text()}`)
      return await answer.json() as Answer
    },
    close: async () => {
      await Promise.all(browsers.map(browser => browser.close()))
      await platform.stop()
    },
  }
}

function accountOf({ users }: DemoFile, email: string): DemoFile['users'][number] {
  const user = users.find(one => one.email === email)
  if (!user) throw new Error(`no demo user ${email}`)
  return user
}
