/** A gateway of somebody else's in front of ours: it ends TLS, and the platform is one path of its host. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { findFreePort, until } from '@neo-stack/testing'

/** A running one. */
export interface OuterGateway {
  /** Where browsers find the platform. */
  url: string
  /** Leads to a gateway of ours from now on. */
  leadTo: (url: string) => Promise<void>
  stop: () => Promise<void>
}

/** Prepares one; this process trusts its certificate from now on. */
export async function createOuterGateway(): Promise<OuterGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'neo-outer-'))
  const port = await findFreePort()
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=outer', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'key'), '-out', join(folder, 'certificate')], { stdio: 'pipe' })
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(join(folder, 'certificate'), 'utf8')])
  let child: ReturnType<typeof spawn> | undefined
  return {
    url: `https://127.0.0.1:${port}/neo`,
    leadTo: async url => {
      const file = join(folder, 'nginx.conf')
      writeFileSync(file, createConfig({ folder, port, url }))
      child = spawn(['/usr/sbin/nginx', '/usr/bin/nginx'].find(one => existsSync(one)) ?? 'nginx', ['-e', 'stderr', '-c', file], { stdio: 'inherit' })
      await until(() => accepts(port), { timeoutMs: 10_000, everyMs: 20, what: 'the outer gateway' })
    },
    stop: async () => {
      if (child?.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

function createConfig({ folder, port, url }: { folder: string, port: number, url: string }): string {
  return `${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; daemon off; pid ${folder}/pid; error_log stderr warn;
events {}
http {
  access_log off; ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join(' ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port} ssl; ssl_certificate ${folder}/certificate; ssl_certificate_key ${folder}/key;
    location /neo/ {
      proxy_pass ${url}/; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 60s;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }
  }
}
`
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    }).once('error', () => { resolve(false) })
  })
}
