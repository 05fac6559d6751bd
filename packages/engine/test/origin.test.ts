import { describe, expect, test } from 'vitest'
import { isOriginAllowed } from '../src/origin.ts'
import { raw, start } from './kit.ts'

describe('an origin', () => {
  test.each<[what: string, origin: string | undefined, allowed: string[] | '*' | undefined, isAllowed: boolean]>([
    ['absent', undefined, undefined, true],
    ['absent beside a list', undefined, ['https://a.example'], true],
    ['equal to the host', 'http://host.example:81', undefined, true],
    ['equal to the host in capitals', 'http://HOST.example:81', undefined, true],
    ['of another port', 'http://host.example', undefined, false],
    ['of another host', 'https://evil.example', undefined, false],
    ['that only begins like the host', 'http://host.example:81.evil.example', undefined, false],
    ['null', 'null', undefined, false],
    ['listed', 'https://a.example', ['https://a.example'], true],
    ['listed in capitals', 'https://A.example', ['https://a.EXAMPLE'], true],
    ['equal to the host and not listed', 'http://host.example:81', ['https://a.example'], false],
    ['any', 'https://evil.example', '*', true],
    ['any in a list', 'https://evil.example', ['*'], true],
    ['of an empty list', 'http://host.example:81', [], false],
  ])('%s', (_, origin, allowed, isAllowed) => {
    expect(isOriginAllowed({ host: 'host.example:81', ...(origin !== undefined && { origin }) }, allowed)).toBe(isAllowed)
  })
})

test('a foreign page is refused with 403, one of the same host is let in', async () => {
  const { url, port } = await start()
  await expect(raw(url, { origin: 'https://evil.example' })).rejects.toThrow('403')
  expect((await raw(url, { origin: `http://127.0.0.1:${port}` })).socket.readyState).toBe(1)
})
