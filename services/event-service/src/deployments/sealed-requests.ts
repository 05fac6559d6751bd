/**
 * What only a deployer in another process can say: the account of an instance, what its services print. Question and answer go through
 * the queue; the answer is sealed for who asked (X25519, HKDF, AES-256-GCM) and removed once it was read, so that the database never
 * holds a password.
 */

import { createCipheriv, createDecipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PgBoss } from 'pg-boss'
import { Problem } from '../errors.ts'
import { inTime } from '../in-time.ts'

/** How long an answer is waited for from the question on, whatever holds it up, and between two looks for it, in milliseconds. */
const PATIENCE_MS = 10_000
const LOOK_MS = 50
/** Questions that one deployer answers at a time, and those of one tenant among them: who waits for a slow one does not hold up the others. */
const CONCURRENCY = 4
const PER_TENANT = 2
/** Questions and answers that nobody came for are gone after these seconds. */
const KEPT_SECONDS = 60
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

type Question<Asked> = Asked & { publicKey: string }
/** Base64url of public key, nonce, tag and text; null where there is nothing to say. */
interface Answer { sealed: [publicKey: string, nonce: string, tag: string, text: string] | null }

/** Both ends of one kind of question. */
export interface SealedRequests<Asked extends { tenantId: string }, Told> {
  /** Asks, and waits for the answer. @throws {Problem} `unavailable` when no deployer answers */
  ask: (asked: Asked) => Promise<Told | undefined>
  /** Answers questions until the queue stops. */
  answer: (read: (asked: Asked) => Promise<Told | undefined>) => Promise<void>
}

/** How questions are asked. */
export interface SealedRequestsOptions {
  /** Name of the queue, one for each kind of question. */
  queue: string
  /** How long an answer is waited for, opening the queue included. @default 10_000 */
  patienceMs?: number
  now?: () => number
}

/** Creates both ends over a started queue. */
export function createSealedRequests<Asked extends { tenantId: string }, Told>(boss: PgBoss, { queue, patienceMs = PATIENCE_MS, now = Date.now }: SealedRequestsOptions): SealedRequests<Asked, Told> {
  let made: Promise<void> | undefined
  const open = (): Promise<void> => made ??= boss.createQueue(queue, {
    policy: 'standard', retryLimit: 0, expireInSeconds: KEPT_SECONDS, retentionSeconds: KEPT_SECONDS, deleteAfterSeconds: KEPT_SECONDS, notify: true,
  }).catch((error: unknown) => {
    // Not for good: the next one tries again.
    made = undefined
    throw error
  })
  return {
    ask: async asked => {
      const end = now() + patienceMs
      /** A database that does not answer is waited for no longer than a deployer is. */
      const soon = <T>(work: Promise<T>, late = unanswered): Promise<T> => inTime(end - now(), work, () => { throw late() })
      // The next one does not wait for the same answer.
      await soon(open(), () => {
        made = undefined
        return unanswered()
      })
      const own = generateKeyPairSync('x25519')
      const id = await soon(boss.send(queue, { ...asked, publicKey: toText(own.publicKey) } satisfies Question<Asked>, { group: { id: asked.tenantId } }))
      if (id === null) throw new TypeError('the queue took no question')
      try {
        const { sealed } = await soon(untilAnswered(boss, { queue, id, isOver: () => now() >= end }))
        return sealed === null ? undefined : JSON.parse(unseal(own.privateKey, { queue, sealed })) as Told
      } finally {
        await boss.deleteJob(queue, id)
      }
    },
    answer: async read => {
      await open()
      const options = { batchSize: 1, localConcurrency: CONCURRENCY, localGroupConcurrency: PER_TENANT, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 2 }
      await boss.work<Question<Asked>, Answer>(queue, options, async ([job]) => {
        if (!job) return { sealed: null }
        const { publicKey, ...asked } = job.data
        const told = await read(asked as unknown as Asked)
        return { sealed: told === undefined ? null : seal(publicKey, { queue, text: JSON.stringify(told) }) }
      })
    },
  }
}

async function untilAnswered(boss: PgBoss, { queue, id, isOver }: { queue: string, id: string, isOver: () => boolean }): Promise<Answer> {
  for (; !isOver(); await sleep(LOOK_MS)) {
    const [job] = await boss.findJobs(queue, { id })
    if (job?.state === 'completed') return job.output as Answer
    if (job?.state === 'failed') break
  }
  throw unanswered()
}

const unanswered = (): Problem => new Problem('unavailable', { detail: 'No deployer answers.' })

const toText = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64url')
const toBytes = (text: string): Buffer => Buffer.from(text, 'base64url')
const toKey = (text: string): KeyObject => createPublicKey({ key: toBytes(text), type: 'spki', format: 'der' })

/** The key that two sides come to for one kind of question; each pair of theirs is used once. */
function agree(queue: string, keys: { privateKey: KeyObject, publicKey: KeyObject }): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', diffieHellman(keys), '', queue, 32))
}

function seal(reader: string, { queue, text }: { queue: string, text: string }): Required<Answer>['sealed'] {
  const own = generateKeyPairSync('x25519')
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, agree(queue, { privateKey: own.privateKey, publicKey: toKey(reader) }), nonce, { authTagLength: TAG_BYTES })
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return [toText(own.publicKey), nonce.toString('base64url'), cipher.getAuthTag().toString('base64url'), sealed.toString('base64url')]
}

function unseal(privateKey: KeyObject, { queue, sealed: [publicKey, nonce, tag, text] }: { queue: string, sealed: NonNullable<Answer['sealed']> }): string {
  const cipher = createDecipheriv(CIPHER, agree(queue, { privateKey, publicKey: toKey(publicKey) }), toBytes(nonce), { authTagLength: TAG_BYTES })
  cipher.setAuthTag(toBytes(tag))
  return Buffer.concat([cipher.update(toBytes(text)), cipher.final()]).toString('utf8')
}
