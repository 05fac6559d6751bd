/**
 * Sends letters: every few seconds whoever waits becomes a job of the queue, and the job – outside of any transaction – writes to the mail
 * server. A letter is claimed before and noted after; only a process that dies in between makes it go out again, under the same
 * message identifier. While the server is away the jobs come back, later and later.
 */

import type { PgBoss } from 'pg-boss'
import { PLATFORM_TENANT } from '@neo-stack/events'
import type { Database } from '../../database/database.ts'
import { createMailer, createMessageId, type Mailer, type MailSettings } from '../../outbound/mailer.ts'
import type { OnMessage } from '../../outbound/outcome.ts'
import type { InboxUser } from '../inbox-rows.ts'
import { writeLetter } from './letter.ts'
import { claimLetter, endLetter, listWaiting } from './waiting.ts'

const QUEUE = 'billing-mail'

/** One job per user at a time; a mail server that is away for some hours is outlasted, and who waits longer is found again. */
const queueOptions = { policy: 'exclusive', retryLimit: 12, retryDelay: 10, retryBackoff: true, retryDelayMax: 900, expireInSeconds: 170, deleteAfterSeconds: 3600 } as const

/** Mail of an installation. */
export interface MailOptions extends MailSettings {
  /** Address under which people reach the portals. */
  publicUrl: () => string
  /** Milliseconds in which somebody may see a notification in the portals and is then not written to. @default 60_000 */
  delayMs?: number
  /** Milliseconds between two looks at who waits. @default 5_000 */
  everyMs?: number
}

/** What letters are sent with. */
export interface MailParts {
  database: Database
  boss: PgBoss
  now: () => number
  /** Told of a letter that was refused for good, and of rounds and attempts that failed; they are tried again. */
  onFault: (error: unknown) => void
  onMessage?: OnMessage
}

/** Running rounds. */
export interface MailRounds {
  /** Ends after the letters in hand. */
  stop: () => Promise<void>
}

/** Starts. Every process may run rounds: the queue keeps one job per user, the claim one letter. */
export async function startMailRounds(parts: MailParts, options: MailOptions): Promise<MailRounds> {
  const { database, boss, now, onFault, onMessage } = parts
  const { delayMs = 60_000, everyMs = 5000 } = options
  const mailer = createMailer(options)
  await database.alone(() => boss.createQueue(QUEUE, queueOptions))
  const times = (): { now: number, ripeAt: number } => ({ now: now(), ripeAt: now() - delayMs })
  const look = async (): Promise<void> => {
    for (const user of await listWaiting(database, times())) await boss.send(QUEUE, user, { singletonKey: `${user.tenantId}/${user.userId}` })
  }
  /** Counts what the mail server was asked, and nothing of what the database was. */
  const attempt = async (mail: Parameters<Mailer['send']>[0]): ReturnType<Mailer['send']> => {
    const outcome = await mailer.send(mail).catch((error: unknown) => {
      onMessage?.('billing_email', 'failed')
      throw error
    })
    onMessage?.('billing_email', outcome === 'sent' ? 'sent' : 'given_up')
    return outcome
  }
  const send = async (user: InboxUser): Promise<void> => {
    const letter = await claimLetter(database, user, times())
    if (!letter) return
    let isDone = false
    try {
      const link = `${options.publicUrl()}/${user.tenantId === PLATFORM_TENANT ? 'admin' : 'tenant'}/inbox`
      const outcome = await attempt({ ...writeLetter({ ...letter, link }), to: { name: letter.name, address: letter.address }, messageId: toMessageId(user, letter, options.from) })
      if (outcome === 'refused') onFault(new Error(`a letter to user ${user.userId} was refused by the mail server`))
      isDone = true
    } finally {
      await endLetter(database, user, { upTo: letter.upTo, until: letter.until, isDone })
    }
  }
  const worker = await boss.work<InboxUser>(QUEUE, { batchSize: 1, pollingIntervalSeconds: Math.max(0.5, everyMs / 1000) }, async ([job]) => {
    if (!job) return
    await send(job.data).catch((error: unknown) => {
      onFault(error)
      throw error
    })
  })
  let looking: Promise<void> | undefined
  const timer = setInterval(() => { looking ??= look().catch(onFault).finally(() => { looking = undefined }) }, everyMs).unref()
  return {
    stop: async () => {
      clearInterval(timer)
      await looking
      await boss.offWork(QUEUE, { id: worker, wait: true })
      mailer.close()
    },
  }
}

/**
 * Says which letter it is without telling who it is for: where it begins and where it ends. An attempt that holds more than an earlier one is
 * another letter, which a mailbox must not drop as known.
 */
export function toMessageId({ tenantId, userId }: InboxUser, { after, upTo }: { after: number, upTo: number }, from: string): string {
  return createMessageId('billing', [tenantId, userId, after, upTo], from)
}
