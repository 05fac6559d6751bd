/** Hands letters to a mail server. */

import { createHash } from 'node:crypto'
import type { Transporter } from 'nodemailer'

/** Where mail goes out, and from whom. */
export interface MailSettings {
  /** `smtp://user:password@host:587`, or `smtps://…` for TLS from the first byte. */
  smtpUrl: string
  /** Sender: `NEO_STACK <billing@example.com>`. */
  from: string
}

/** A letter's parts. */
export interface Letter {
  subject: string
  text: string
  html: string
}

/** A letter to somebody. */
export interface Sending extends Letter {
  to: { name: string, address: string }
  /** The same for each attempt at the same content, so that mailboxes know one that was accepted without our hearing of it. */
  messageId: string
}

/** See {@link createMailer}. */
export interface Mailer {
  /** Resolves with whether the server took it; `refused` is for good. @throws what is worth another attempt */
  send: (sending: Sending) => Promise<'sent' | 'refused'>
  close: () => void
}

/** Milliseconds after which a server that says nothing counts as away. */
const ANSWER_MS = 20_000

/** From this code on a server says that it will never take the letter (RFC 5321, 4.2.1). */
const FOR_GOOD = 500

/** Creates a mailer; connections are opened, and what opens them is loaded, when there is something to send. */
export function createMailer({ smtpUrl, from }: MailSettings): Mailer {
  let transport: Promise<Transporter> | undefined
  let isClosed = false
  return {
    send: async sending => {
      if (isClosed) throw new Error('The mailer is closed.')
      try {
        const opened = await (transport ??= openTransport(smtpUrl))
        await opened.sendMail({ ...sending, from, headers: { 'Auto-Submitted': 'auto-generated' } })
        return 'sent'
      } catch (error) {
        if (isRefusedForGood(error)) return 'refused'
        throw error
      }
    },
    close: () => {
      isClosed = true
      transport?.then(opened => { opened.close() }, () => undefined)
    },
  }
}

async function openTransport(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  return createTransport({ url, pool: true, maxConnections: 2, connectionTimeout: ANSWER_MS, greetingTimeout: ANSWER_MS, socketTimeout: ANSWER_MS })
}

/** The recipient or the letter was refused; a refused password is the installation's fault and may be mended. */
function isRefusedForGood(error: unknown): boolean {
  const { code, responseCode = 0 } = error as { code?: string, responseCode?: number }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode >= FOR_GOOD
}

/** The identifier of a letter of some kind: the same for the same parts, which it does not tell. `from` gives the domain. */
export function createMessageId(kind: string, parts: readonly (string | number)[], from: string): string {
  const digest = createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 32)
  const [, domain = 'localhost'] = /@([^>\s]+)/.exec(from) ?? []
  return `<${kind}-${digest}@${domain}>`
}
