/** What the Docker driver makes of answers that come only in a moment nobody can bring about: a Docker API that gives them. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Docker from 'dockerode'
import { describe, expect, it } from 'vitest'
import { formerExitCode, inspect } from '../src/drivers/docker/engine.ts'

/** Asks something of an API that answers so. */
async function withApi<Result>(answer: RequestListener, ask: (docker: Docker) => Promise<Result>): Promise<Result> {
  const server = createServer(answer)
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  try {
    return await ask(new Docker({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }))
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** What `inspect` makes of a row of answers, and how many it asked for. */
async function askedOf(statuses: readonly number[]): Promise<{ found: unknown, asked: number }> {
  let asked = 0
  const found = await withApi((_, response) => {
    const status = statuses[Math.min(asked++, statuses.length - 1)] ?? 500
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(status === 200 ? { State: { Running: false, ExitCode: 1 } } : { message: 'read /proc/20182/cgroup: no such process' }))
  }, docker => inspect(docker.getContainer('one')).then(({ State }) => State.ExitCode, (error: unknown) => (error as { statusCode: number }).statusCode))
  return { found, asked }
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

describe('the exit code that a container ended with before it began to start again', () => {
  const found = { Id: 'one', Created: '2026-01-05T12:00:00Z', State: { StartedAt: '2026-01-05T12:00:01Z', FinishedAt: '2126-01-05T12:00:00Z' } } as Docker.ContainerInspectInfo
  const codeOf = (answer: RequestListener): Promise<number | undefined> => withApi(answer, docker => formerExitCode(docker, found, { now: 0, patienceMs: 1500 }))
  const event = (code: number): string => `${JSON.stringify({ Action: 'die', Actor: { Attributes: { exitCode: String(code) } } })}\n`

  it('is that of the last event, also where the engine keeps the events open', async () => {
    expect(await codeOf((_, response) => { response.end(event(1) + event(17)) })).toBe(17)
    expect(await codeOf((_, response) => { response.write(event(1) + event(3)) })).toBe(3)
  })

  it('is not known where the engine says nothing', async () => {
    expect(await codeOf(() => undefined)).toBeUndefined()
    await expect(codeOf((_, response) => { response.writeHead(500).end('{}') })).rejects.toMatchObject({ statusCode: 500 })
  })
})
