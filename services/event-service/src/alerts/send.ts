/** Sends messages to channels: Standard Webhooks with a guard against closed addresses, and e-mail. */

import { Webhook } from 'standardwebhooks'
import type { Database } from '../database/database.ts'
import { OutboundError, type GuardedFetch } from '../outbound/guarded-fetch.ts'
import { createMessageId, type Mailer } from '../outbound/mailer.ts'
import type { Seal } from '../outbound/seal.ts'
import { linksOf } from './addresses.ts'
import { isReader } from './channels.ts'
import type { Attempt, Held } from './deliveries.ts'
import { writeAlertLetter } from './letter.ts'

/** What messages are sent with. */
export interface SendParts {
  database: Database
  seal: Seal
  fetch: GuardedFetch
  now: () => number
  /** Address under which people reach the portals. */
  publicUrl: () => string
  /** @default no e-mail is sent */
  mail?: { mailer: Mailer, from: string } | undefined
  /** Told of what a tenant is not: how the mail server or this service failed. */
  onFault: (error: unknown) => void
}

/** Sends one message. Never rejects: what went wrong is said, in words that tell a tenant nothing of the installation. */
export async function sendMessage(parts: SendParts, message: Held): Promise<Attempt> {
  try {
    return await (message.channel.kind === 'email' ? sendMail(parts, message) : sendWebhook(parts, message))
  } catch (error) {
    // Why a tenant's own address was not reached is the tenant's business.
    if (error instanceof OutboundError) return { error: error.message, isFinal: error.reason === 'refused' }
    parts.onFault(error)
    return { error: message.channel.kind === 'email' ? 'the mail server did not take it' : 'the message could not be sent' }
  }
}

/** The identifier is the message's: a receiver that was told and could not say so knows it again. */
async function sendWebhook({ seal, fetch, now, publicUrl }: SendParts, { tenantId, id, group, alerts, channel }: Held): Promise<Attempt> {
  const at = new Date(now())
  const data = { tenantId, group, alerts: alerts.map(alert => ({ ...alert, ...linksOf(publicUrl(), tenantId, alert) })) }
  const body = JSON.stringify({ type: 'alerts', timestamp: at.toISOString(), data })
  const { status } = await fetch({
    url: channel.target, method: 'POST', body,
    headers: {
      'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(seal.open(channel.secret ?? '')).sign(id, at, body),
    },
  })
  if (status >= 200 && status < 300) return {}
  // 410: the receiver is gone for good (Standard Webhooks).
  return { error: `the receiver answered ${status}`, isFinal: status === 410 }
}

async function sendMail({ database, mail, publicUrl }: SendParts, { tenantId, id, alerts, channel }: Held): Promise<Attempt> {
  if (!mail) return { error: 'this installation sends no e-mail' }
  if (!await database.inTenant(tenantId, tx => isReader(tx, tenantId, channel.target))) return { error: 'the address is nobody\'s of this account any more', isFinal: true }
  const letter = writeAlertLetter({ language: channel.language, alerts, linksOf: alert => linksOf(publicUrl(), tenantId, alert) })
  const outcome = await mail.mailer.send({ ...letter, to: { name: channel.name, address: channel.target }, messageId: createMessageId('alert', [tenantId, id, alerts.length], mail.from) })
  return outcome === 'refused' ? { error: 'the mail server refused it', isFinal: true } : {}
}
