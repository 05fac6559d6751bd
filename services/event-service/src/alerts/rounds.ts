/** What alerts need once a second: rules that miss samples, alerts that are told again, messages that are due. */

import type { Database } from '../database/database.ts'
import type { OnMessage } from '../outbound/outcome.ts'
import type { WritePath } from '../publish/write-path.ts'
import { endAttempt, holdDue, type Held } from './deliveries.ts'
import { fireDue, listAbsent } from './due.ts'
import { repeatDue } from './repeat.ts'
import { sendMessage, type SendParts } from './send.ts'

/** Milliseconds between two looks. */
const JUDGE_MS = 1000
const SEND_MS = 2000

/** Messages sent at once. */
const AT_ONCE = 10

/** What rounds need. */
export interface RoundParts extends SendParts {
  database: Database
  writePath: Pick<WritePath, 'write'>
  /** Whether this process is the one to judge; messages are sent by every process. */
  isLeader: () => boolean
  random?: () => number
  onMessage?: OnMessage
}

/** Running rounds. */
export interface AlertRounds {
  /** Resolves when the rounds in hand are done. */
  stop: () => Promise<void>
}

/** Starts. A receiver that takes its time holds up no judgement. */
export function startAlertRounds(parts: RoundParts): AlertRounds {
  const seconds = (): number => Math.floor(parts.now() / 1000)
  let lookingSince = parts.isLeader() ? seconds() : undefined
  const judgeAsLeader = async (): Promise<void> => {
    lookingSince = parts.isLeader() ? lookingSince ?? seconds() : undefined
    if (lookingSince !== undefined) await judge(parts, { at: seconds(), lookingSince })
  }
  const rounds = [repeatEvery(JUDGE_MS, judgeAsLeader, parts.onFault), repeatEvery(SEND_MS, () => sendDue(parts), parts.onFault)]
  return {
    stop: async () => {
      await Promise.all(rounds.map(stop => stop()))
      parts.mail?.mailer.close()
    },
  }
}

/** Runs something now and then, never twice at once. @returns how to stop it */
function repeatEvery(ms: number, run: () => Promise<void>, onFault: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> | undefined
  const timer = setInterval(() => { running ??= run().catch(onFault).finally(() => { running = undefined }) }, ms).unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** What fails for one tenant, rule or message is told of and stops no other. */
async function judge(parts: RoundParts, times: { at: number, lookingSince: number }): Promise<void> {
  await judgeAbsence(parts, times).catch(parts.onFault)
  await repeatDue(parts)
}

async function judgeAbsence({ database, writePath, now, onFault }: RoundParts, { at, lookingSince }: { at: number, lookingSince: number }): Promise<void> {
  for (const tenantId of await listAbsent(database, { at, lookingSince })) await fireDue({ database, writePath: () => writePath, now, lookingSince }, tenantId).catch(onFault)
}

async function sendDue(parts: RoundParts): Promise<void> {
  const { database, now, onFault, onMessage, random = Math.random } = parts
  const send = async (one: Held): Promise<void> => {
    const outcome = await endAttempt(database, one, await sendMessage(parts, one), { now: now(), random: random() })
    if (outcome !== undefined) onMessage?.(one.channel.kind === 'email' ? 'alert_email' : 'alert_webhook', outcome)
  }
  const held = await holdDue(database, AT_ONCE, now())
  await Promise.all(held.map(one => send(one).catch(onFault)))
}
