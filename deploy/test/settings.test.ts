import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createSecrets } from '../src/cluster.ts'
import { handedOn, leftOut } from '../src/config.ts'
import { createTopology } from '../src/topology.ts'

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
/** As the reference, which is made from their table, has them. */
const settings = [...read('docs/reference/settings.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
const parts = createTopology({ addressOf: () => ({ host: '127.0.0.1', port: 1 }), listen: '127.0.0.1', publicUrl: 'http://127.0.0.1:1', folderOf: name => name, secrets: createSecrets(), demo: true })
const told = Object.keys(parts.find(({ role }) => role === 'event-service')?.environment ?? {})
const ignored = leftOut.flatMap(({ names }) => names)

describe('each setting of npm start', () => {
  it.each(settings)('%s is handed on to the parts of a cluster, or set by its topology, or left out for a reason', name => {
    expect([handedOn.includes(name), told.includes(name), ignored.includes(name)]).toContain(true)
    expect(handedOn.includes(name) && (told.includes(name) || ignored.includes(name))).toBe(false)
  })

  it('is one that there is, but for what belongs to the Docker API', () => {
    const known = [...settings, 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH']
    expect(settings.length).toBeGreaterThan(20)
    expect([...handedOn, ...ignored].filter(name => !known.includes(name))).toEqual([])
  })

  it('that a cluster does not read stands in deploy/README.md, for the same reason', () => {
    const text = read('deploy/README.md').replaceAll(/\s+/g, ' ')
    for (const { names, why } of leftOut) expect(text).toContain(`${names.map(name => `\`${name}\``).join(', ')} (${why})`)
  })
})
