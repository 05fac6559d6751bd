/** How long the certificate that people are shown still holds, wherever TLS ends: looked at as a browser does, at the public address. */

import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** How often it is looked at, and how soon again after a look that failed, in milliseconds. */
const LOOK_MS = 3_600_000
const AGAIN_MS = 300_000

/** How long a look may take, in milliseconds. */
const TIMEOUT_MS = 10_000

/** What a look needs. */
export interface CertificateOptions {
  /** Where people find the service; only `https:` has a certificate. */
  publicUrl: string
  now?: () => number
  /** Asks a host for its certificate: milliseconds since 1970 at which it ends. @default over TLS */
  ask?: (address: { host: string, port: number }) => Promise<number>
}

/** What is known of a certificate. */
export interface Certificate {
  /** Looks anew when it is time to, waits for nobody, and says what the last look found: when it ends in seconds since 1970, and whether the look succeeded. */
  read: () => { endsAt?: number, isSeen?: boolean }
}

/** Whoever reads is the clock: nothing runs by itself. */
export function createCertificate({ publicUrl, now = Date.now, ask = askCertificate }: CertificateOptions): Certificate {
  const { protocol, hostname, port } = new URL(publicUrl)
  const address = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 443) }
  let known: ReturnType<Certificate['read']> = {}
  let [lookAt, isLooking] = [protocol === 'https:' ? 0 : Infinity, false]
  const look = async (): Promise<void> => {
    isLooking = true
    known = await ask(address).then(endsAt => ({ endsAt: endsAt / 1000, isSeen: true }), () => ({ ...known, isSeen: false }))
    lookAt = now() + (known.isSeen ? LOOK_MS : AGAIN_MS)
    isLooking = false
  }
  return { read: () => {
    if (!isLooking && now() >= lookAt) void look()
    return known
  } }
}

/** That nobody vouches for it says nothing of its end: authorities of a company's own are not known here. */
export function askCertificate({ host, port }: { host: string, port: number }, timeoutMs: number = TIMEOUT_MS): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false, ...isIP(host) === 0 && { servername: host } }, () => {
      const endsAt = Date.parse(socket.getPeerCertificate().valid_to)
      socket.destroy()
      if (Number.isNaN(endsAt)) reject(new Error('it shows no certificate'))
      else resolve(endsAt)
    })
    socket.unref()
    socket.setTimeout(timeoutMs, () => { socket.destroy(new Error('it does not answer')) })
    socket.once('error', reject)
  })
}
