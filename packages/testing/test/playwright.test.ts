import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test as base } from 'vitest'
import { portalFixtures } from '../src/playwright.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path => existsSync(path)) ?? ''
const isRequired = process.env['NEO_REQUIRE_ALL'] === '1'

/** A portal's door and nothing behind it: what the fixture does is seen by what was typed into it. */
const DOOR = `<!doctype html><meta charset=utf-8><label>E-mail <input id=e></label><label>Senha <input id=p type=password></label>
<button onclick="document.body.innerHTML = '<p data-testid=user-menu>' + location.pathname + ' ' + e.value + ' ' + p.value + ' ' + innerWidth">Entrar</button>`

describe.skipIf(executablePath === '' && !isRequired)('fixtures for browsers', () => {
  const server = createServer((_request, response) => { response.setHeader('content-type', 'text/html').end(DOOR) })
  const running = {
    get url() { return `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    demo: () => Promise.resolve({ users: [{ email: 'member@acme.example', password: 'a password', tenantId: 'acme', role: 'member' }], apiKeys: [] }),
  }
  beforeAll(() => new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) }))
  afterAll(() => new Promise(resolve => { server.close(resolve) }))
  const test = base.extend(portalFixtures({ main: 'not started', executablePath, running }))

  test('somebody is signed in at the portal that is asked for, in a window of that width', async ({ enter }) => {
    const page = await enter('member@acme.example', { portal: 'admin', width: 400 })
    expect(await page.getByTestId('user-menu').textContent()).toBe('/admin/ member@acme.example a password 400')
  }, 60_000)
})
