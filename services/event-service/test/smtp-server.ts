import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A mail that arrived: envelope and text as it came over the wire. */
export interface Arrived {
  to: string[]
  raw: string
}

/** A real SMTP server in this process, with the faults a test asks of it. */
export interface MailServer {
  url: string
  arrived: Arrived[]
  /** Answers the next recipients with this code instead of taking them. */
  refuse: (code: number | undefined) => void
  stop: () => Promise<void>
}

export async function startMailServer(): Promise<MailServer> {
  const arrived: Arrived[] = []
  let refusal: number | undefined
  const server = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS'],
    onRcptTo: (_address, _session, done) => { done(refusal === undefined ? null : Object.assign(new Error('not now'), { responseCode: refusal })) },
    onData: (stream, session, done) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => { parts.push(part) })
      stream.on('end', () => {
        arrived.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw: Buffer.concat(parts).toString('utf8') })
        done(null)
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', () => { resolve() }) })
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`, arrived,
    refuse: code => { refusal = code },
    stop: () => new Promise(resolve => { server.close(() => { resolve() }) }),
  }
}

/** A part of a mail, decoded from quoted-printable or base64. */
export function partOf(raw: string, type: 'text/plain' | 'text/html'): string {
  const [, part = ''] = raw.split(`Content-Type: ${type}`)
  const [head = '', ...rest] = part.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n').split('\r\n--')[0] ?? ''
  if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString('utf8')
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
