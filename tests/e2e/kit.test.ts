/** The kit's fixture for browsers as somebody else uses it: it starts the platform with the portals it builds, and people are signed in. */

import { describe, expect, test as base } from 'vitest'
import { connectTestPlatform, createFactory } from '@neo-stack/testing'
import { portalFixtures } from '@neo-stack/testing/playwright'
import { platformMain } from '../paths.ts'
import { chromiumPath, isRequired } from './browser.ts'

/** The first start on a machine builds the portals. */
const BUILT_MS = 600_000

describe.skipIf(!chromiumPath && !isRequired)(`the fixture for browsers${chromiumPath ? '' : ' (skipped: needs chromium)'}`, () => {
  const test = base.extend(portalFixtures({ main: platformMain, executablePath: chromiumPath ?? '' }))

  test('opens the portals of a platform of its own, where two people see what is published', async ({ portals, enter }) => {
    await using access = connectTestPlatform({ url: portals.url, demo: await portals.demo() })
    const member = await enter('member@acme.example', { width: 800 })
    const operator = await enter('operator@neo.example', { portal: 'admin', colorScheme: 'dark' })
    expect([member, operator].map(page => new URL(page.url()).pathname.split('/')[1])).toEqual(['tenant', 'admin'])
    expect(await member.evaluate('innerWidth')).toBe(800)
    expect(await Promise.all([member, operator].map(page => page.evaluate('matchMedia("(prefers-color-scheme: dark)").matches')))).toEqual([false, true])

    await member.goto(`${portals.url}/tenant/alerts`)
    await member.getByTestId('user-menu').waitFor()
    await access.service('acme').rest.events.publish(createFactory('acme').alert({ severity: 'critical', message: 'Seen by the kit' }))
    await member.getByText('Seen by the kit').first().waitFor()
  }, BUILT_MS)
})
