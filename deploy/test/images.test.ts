/**
 * The Dockerfiles, built by podman without a registry: the base is this machine's own Debian, packed from its packages. What the containers
 * may is what compose.yaml gives them: no root, no capability, a file system that cannot be written, secrets from files.
 */

import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createSecrets } from '../src/cluster.ts'
import { composePlace, secretFiles } from '../src/compose.ts'
import { generate } from '../src/generate.ts'
import { createRedisUsers } from '../src/redis-users.ts'
import { isRequired, missing, startBuilder, type Builder } from './builder.ts'

const isHere = missing.length === 0 || isRequired

interface Service { build?: { dockerfile: string }, image: string, user: string, environment: Record<string, string>, volumes?: string[], tmpfs?: string[] }
const { services } = parse(generate()['compose.yaml'] ?? '') as { services: Record<string, Service> }
const built = [...new Map(Object.values(services).flatMap(({ build, image }) => build ? [[image, build.dockerfile] as const] : []))]

/** Options of `podman run` as compose.yaml has them. */
const confine = ({ user, tmpfs = [] }: Service): string[] => ['--user', user, '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', ...tmpfs.flatMap(folder => ['--tmpfs', folder])]

describe.skipIf(!isHere)(isHere ? 'the images' : `the images (skipped: needs ${missing.join(', ')})`, () => {
  let builder: Builder
  beforeAll(async () => { builder = await startBuilder() }, 120_000)
  afterAll(async () => { await builder?.stop() }, 300_000)

  it('are three, of which each Dockerfile builds one', () => {
    expect(built.map(([image]) => image)).toEqual(['neo-stack/platform', 'neo-stack/centrifugo', 'neo-stack/gateway'])
  })

  it('the gateway takes its generated configuration', () => {
    builder.build('neo-stack/gateway', 'deploy/docker/gateway.Dockerfile')
    const { gateway } = services
    const hosts = Object.keys(services).flatMap(name => ['--add-host', `${name}:127.0.0.1`])
    const output = builder.run([...confine(gateway as Service), ...hosts, '-v', `${builder.root}/deploy/nginx/nginx.conf:/etc/neo/nginx.conf:ro`], 'neo-stack/gateway', ['-t'])
    expect(output).toContain('test is successful')
  }, 120_000)

  it('Centrifugo takes its generated configuration, and its secrets from files', () => {
    builder.build('neo-stack/centrifugo', 'deploy/docker/centrifugo.Dockerfile')
    const centrifugo = services['centrifugo-1'] as Service
    const secrets = createSecrets()
    const texts = secretFiles(composePlace(secrets), createRedisUsers(secrets))
    const told = Object.entries(centrifugo.environment).filter(([name]) => name.endsWith('_FILE'))
    const files = told.flatMap(([name, file]) => ['-e', `${name}=${file}`, '-v', `${builder.secret(texts[path.basename(file)] ?? '')}:${file}:ro`])
    expect(told.length).toBeGreaterThan(1)
    const output = builder.run([...confine(centrifugo), '-v', `${builder.root}/deploy/centrifugo/config.json:/etc/neo/config.json:ro`, ...files], 'neo-stack/centrifugo', ['checkconfig', '-c', '/etc/neo/config.json'])
    expect(output).not.toMatch(/error|fatal/i)
  }, 900_000)

  it('the platform starts and serves its portals from what the image holds', async () => {
    builder.build('neo-stack/platform', 'deploy/docker/platform.Dockerfile')
    const service = services['event-service-1'] as Service
    const volumes = (service.volumes ?? []).flatMap(volume => ['-v', volume])
    // By itself, without the other parts: embedded, on the volume that the service has.
    const settings = ['NEO_DATA_DIR', 'NEO_DEMO', 'NEO_PORTALS'].flatMap(name => ['-e', `${name}=${service.environment[name]}`])
    const url = await builder.serve([...confine(service), ...volumes, ...settings], 'neo-stack/platform')
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${url}/tenant/`)).text()).toContain('_nuxt')
  }, 1_200_000)
})
