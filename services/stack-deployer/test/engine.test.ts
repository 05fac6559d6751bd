/** What the Docker driver makes of answers that come only in a moment nobody can bring about: a Docker API that gives them. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Docker from 'dockerode'
import { describe, expect, it } from 'vitest'
import { inspect } from '../src/drivers/docker/engine.ts'

/** What `inspect` makes of a row of answers, and how many it asked for. */
async function askedOf(statuses: readonly number[]): Promise<{ found: unknown, asked: number }> {
  let asked = 0
  const server = createServer((_, response) => {
    const status = statuses[Math.min(asked++, statuses.length - 1)] ?? 500
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status === 200 ? { State: { Running: false, ExitCode: 1 } } : { message: 'read /proc/20182/cgroup: no such process' }))
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  try {
    const docker = new Docker({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    const found = await inspect(docker.getContainer('one')).then(({ State }) => State.ExitCode, (error: unknown) => (error as { statusCode: number }).statusCode)
    return { found, asked }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

describe('looking at a container', () => {
  it('asks again while podman cannot say how one is that ends in this moment', async () => {
    expect(await askedOf([500, 500, 200])).toEqual({ found: 1, asked: 3 })
  })

  it('says that one is gone at once, and gives up on an engine that goes on failing', async () => {
    expect(await askedOf([404])).toEqual({ found: 404, asked: 1 })
    expect(await askedOf([500])).toEqual({ found: 500, asked: 10 })
  })
})
