/**
 * The account of an instance, asked of a deployer in another process. Question and answer go through the queue; the answer is sealed
 * for who asked (X25519, HKDF, AES-256-GCM) and removed once it was read, so that the database never holds a password.
 */

import { createCipheriv, createDecipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InitialAccount } from '@neo-stack/events'
import type { PgBoss } from 'pg-boss'
import { Problem } from '../errors.ts'
import type { ReadAccount } from './initial-account.ts'

const QUEUE = 'instance-accounts'
/** How long an answer is waited for, and between two looks for it, in milliseconds. */
const PATIENCE_MS = 10_000
const LOOK_MS = 50
/** Questions and answers that nobody came for are gone after these seconds. */
const KEPT_SECONDS = 60
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

type Question = Parameters<ReadAccount>[0] & { publicKey: string }
/** Base64url of public key, nonce, tag and text; null where there is no account. */
interface Answer { sealed: [publicKey: string, nonce: string, tag: string, text: string] | null }

/** Both ends of it. */
export interface AccountRequests {
  /** Asks, and waits for the answer. @throws {Problem} `unavailable` when no deployer answers */
  ask: ReadAccount
  /** Answers questions until the queue stops. */
  answer: (read: ReadAccount) => Promise<void>
}

/** Creates both ends over a started queue. @param patienceMs how long an answer is waited for. @default 10_000 */
export function createAccountRequests(boss: PgBoss, { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {}): AccountRequests {
  let made: Promise<void> | undefined
  const open = (): Promise<void> => made ??= boss.createQueue(QUEUE, {
    policy: 'standard', retryLimit: 0, expireInSeconds: KEPT_SECONDS, retentionSeconds: KEPT_SECONDS, deleteAfterSeconds: KEPT_SECONDS, notify: true,
  }).catch((error: unknown) => {
    // Not for good: the next one tries again.
    made = undefined
    throw error
  })
  return {
    ask: async instance => {
      await open()
      const own = generateKeyPairSync('x25519')
      const id = await boss.send(QUEUE, { ...instance, publicKey: toText(own.publicKey) } satisfies Question)
      if (id === null) throw new TypeError('the queue took no question')
      try {
        const { sealed } = await untilAnswered(boss, id, patienceMs)
        return sealed === null ? undefined : JSON.parse(unseal(own.privateKey, sealed)) as InitialAccount
      } finally {
        await boss.deleteJob(QUEUE, id)
      }
    },
    answer: async read => {
      await open()
      await boss.work<Question, Answer>(QUEUE, { batchSize: 1, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 2 }, async ([job]) => {
        if (!job) return { sealed: null }
        const { publicKey, ...instance } = job.data
        const account = await read(instance)
        return { sealed: account ? seal(publicKey, JSON.stringify(account)) : null }
      })
    },
  }
}

async function untilAnswered(boss: PgBoss, id: string, patienceMs: number): Promise<Answer> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(LOOK_MS)) {
    const [job] = await boss.findJobs(QUEUE, { id })
    if (job?.state === 'completed') return job.output as Answer
    if (job?.state === 'failed') break
  }
  throw new Problem('unavailable', { detail: 'No deployer answers.' })
}

const toText = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64url')
const toBytes = (text: string): Buffer => Buffer.from(text, 'base64url')
const toKey = (text: string): KeyObject => createPublicKey({ key: toBytes(text), type: 'spki', format: 'der' })

/** The key that two sides come to; each pair of theirs is used once. */
function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', diffieHellman({ privateKey, publicKey }), '', QUEUE, 32))
}

function seal(reader: string, text: string): Required<Answer>['sealed'] {
  const own = generateKeyPairSync('x25519')
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, agree(own.privateKey, toKey(reader)), nonce, { authTagLength: TAG_BYTES })
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return [toText(own.publicKey), nonce.toString('base64url'), cipher.getAuthTag().toString('base64url'), sealed.toString('base64url')]
}

function unseal(privateKey: KeyObject, [publicKey, nonce, tag, text]: NonNullable<Answer['sealed']>): string {
  const cipher = createDecipheriv(CIPHER, agree(privateKey, toKey(publicKey)), toBytes(nonce), { authTagLength: TAG_BYTES })
  cipher.setAuthTag(toBytes(tag))
  return Buffer.concat([cipher.update(toBytes(text)), cipher.final()]).toString('utf8')
}
