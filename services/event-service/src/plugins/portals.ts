/** Serves the built portals, each below its name, and a page at `/` to choose one. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import staticFiles from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import type { App } from '../http.ts'
import { pagePolicy, scriptHashes } from './content-policy.ts'
import { sendProblem } from './problems.ts'

/** Folder of each portal's built files, by the portal's name. */
export type Portals = Readonly<Record<string, string>>

/** Adds the portals' routes. */
export async function portalsPlugin(app: App, portals: Portals): Promise<void> {
  for (const [name, folder] of Object.entries(portals)) {
    app.get(`/${name}`, { schema: { hide: true } }, (_request, reply) => reply.redirect(`/${name}/`))
    await app.register(scope => servePortal(scope as unknown as App, folder), { prefix: `/${name}` })
  }
  // Pages carry their icon; a browser that asks for one by habit gets none instead of a fault.
  app.get('/favicon.ico', { schema: { hide: true } }, (_request, reply) => reply.code(204).send())
  const page = chooser(Object.keys(portals))
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.type('text/html; charset=utf-8').header('content-security-policy', 'default-src \'none\'; style-src \'unsafe-inline\'').send(page))
}

async function servePortal(scope: App, folder: string): Promise<void> {
  const policy = policyOf(folder)
  await scope.register(staticFiles, {
    root: folder, prefix: '/', preCompressed: true, wildcard: true, cacheControl: false,
    setHeaders: (reply, file) => {
      const isAsset = file.includes(`${path.sep}_nuxt${path.sep}`)
      void reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache')
      if (!isAsset) void reply.header('content-security-policy', policy)
    },
  })
  scope.setNotFoundHandler((request, reply) => isPage(request)
    ? sendPage(reply)
    : sendProblem(request, reply, new Problem('not_found', { detail: 'No such address.' })))
}

function sendPage(reply: FastifyReply): FastifyReply {
  return reply.code(200).sendFile('200.html')
}

function isPage({ method, url, headers }: FastifyRequest): boolean {
  return method === 'GET' && !url.includes('/_nuxt/') && (headers.accept ?? '').includes('text/html')
}

/** The policy over every script that the build wrote into the pages. */
function policyOf(folder: string): string {
  const pages = ['index.html', '200.html', '404.html'].map(file => path.join(folder, file)).filter(file => existsSync(file))
  return pagePolicy(new Set(pages.flatMap(file => scriptHashes(readFileSync(file, 'utf8')))))
}

function chooser(names: readonly string[]): string {
  const titles: Readonly<Record<string, string>> = { tenant: 'Portal do cliente', admin: 'Portal de administração', certification: 'Portal de certificação' }
  const links = names.map(name => `<li><a href="/${name}/">${titles[name] ?? name}</a></li>`).join('')
  return `<!doctype html><html lang="pt-BR"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>NEO_STACK Events</title>
<style>:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:32rem;margin:20vh auto;padding:0 1rem}a{color:inherit}</style>
<h1>NEO_STACK Events</h1><ul>${links}</ul>${names.length === 0 ? '<p>Nenhum portal é servido por este processo.</p>' : ''}<p><a href="/docs">API</a></p></html>`
}
