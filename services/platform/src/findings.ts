/** What `platform doctor` makes of what it sees. Pure: facts in, sentences out. */

import type { CentrifugoFacts, PostgresFacts } from '@neo-stack/event-service'

/** `ok`; `warning`: works, but not for long or not well; `fault`: does not work. */
export type FindingState = 'ok' | 'warning' | 'fault'

/** One line of the doctor. */
export interface Finding {
  part: string
  state: FindingState
  /** What is so, as a sentence. */
  says: string
  /** What to do about it. */
  advice?: string
}

const GIB = 2 ** 30
/** Free bytes below which a data folder fills up soon, and below which it does within the hour. */
const LOW_BYTES = 5 * GIB
const EMPTY_BYTES = GIB / 2

/** Milliseconds that the clocks of two parts may differ: tokens allow some seconds, orders by time allow none. */
const DRIFT_MS = 2000
const WRONG_MS = 30_000

const MIN_POSTGRES = 150_000

/** Judges the room of a file system, in bytes. */
export function judgeDisk({ free, total }: { free: number, total: number }): Finding {
  const says = `${(free / GIB).toFixed(1)} of ${(total / GIB).toFixed(1)} GiB are free.`
  if (free < EMPTY_BYTES) return { part: 'disk', state: 'fault', says, advice: 'Make room now: the database stops when it is full. Shorter retention keeps it small.' }
  if (free < LOW_BYTES) return { part: 'disk', state: 'warning', says, advice: 'Make room, or shorten retention.' }
  return { part: 'disk', state: 'ok', says }
}

/** Judges how far another part's clock is ahead of this machine's, in milliseconds. */
export function judgeClock(part: string, aheadMs: number): Finding {
  const says = `The clock of ${part} is ${Math.abs(aheadMs) < 1000 ? 'the same' : `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead' : 'behind'}`}.`
  if (Math.abs(aheadMs) < DRIFT_MS) return { part: 'clock', state: 'ok', says }
  return { part: 'clock', state: Math.abs(aheadMs) < WRONG_MS ? 'warning' : 'fault', says, advice: 'Let both machines follow the same time server (chrony, systemd-timesyncd): tokens of one are too old or too young for the other.' }
}

/** Judges a PostgreSQL. */
export function judgePostgres({ version, missingExtensions, pending, unknown }: PostgresFacts): Finding {
  const part = 'database'
  const name = `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`
  if (version < MIN_POSTGRES) return { part, state: 'fault', says: `${name} is too old.`, advice: 'Use PostgreSQL 15 or newer.' }
  if (missingExtensions.length > 0) return { part, state: 'fault', says: `${name} lacks ${missingExtensions.join(' and ')}.`, advice: 'Install its contrib package; search needs them.' }
  if (unknown.length > 0) return { part, state: 'fault', says: `${name} was migrated by a newer version (${unknown.join(', ')}).`, advice: 'Start that version again, or restore a backup from before it.' }
  if (pending.length > 0) return { part, state: 'ok', says: `${name} answers; the next start applies ${pending.length} migration${pending.length === 1 ? '' : 's'}.` }
  return { part, state: 'ok', says: `${name} answers and is up to date.` }
}

/** Judges how many keys tokens are checked against, as a running platform shows them. */
export function judgeKeys(count: number): Finding {
  if (count === 0) return { part: 'tokens', state: 'fault', says: 'The platform shows no key that tokens are checked against.', advice: 'Look at its log: without keys nobody signs in and no socket opens.' }
  return { part: 'tokens', state: 'ok', says: `Tokens are checked against ${count} key${count === 1 ? '' : 's'}.` }
}

/** Judges whether what is published reaches the sockets of each Centrifugo node, by what canaries say. */
export function judgeDelivery(nodes: Readonly<Record<string, string>>): Finding[] {
  return Object.entries(nodes).map(([node, state]): Finding => state === 'ok'
    ? { part: 'delivery', state: 'ok', says: `What is published arrives at the sockets of ${node}.` }
    : { part: 'delivery', state: 'fault', says: `What is published does not arrive at the sockets of ${node}.`, advice: 'See docs/runbooks/DeliveryCanaryRed.md.' })
}

/** Judges the Centrifugo nodes, each as it answered; undefined: it did not. */
export function judgeCentrifugo(answers: readonly { node: string, facts?: CentrifugoFacts, isForeign?: boolean }[]): Finding[] {
  const part = 'centrifugo'
  const findings = answers.map(({ node, facts, isForeign }): Finding => {
    if (isForeign) return { part, state: 'fault', says: `${node} refuses the key.`, advice: 'Set CENTRIFUGO_API_KEY to the http_api.key of its configuration.' }
    if (!facts) return { part, state: 'fault', says: `${node} does not answer.`, advice: 'Start it, or correct CENTRIFUGO_URL; see docs/runbooks.' }
    const apart = facts.versions.length < answers.length
    return { part, state: apart ? 'warning' : 'ok', says: `${node} answers and knows ${facts.versions.length} node${facts.versions.length === 1 ? '' : 's'}.`, ...apart && { advice: 'Let all nodes use one Redis engine: they don\'t hear each other\'s publications.' } }
  })
  const versions = new Set(answers.flatMap(({ facts }) => facts?.versions ?? []))
  return versions.size > 1 ? [...findings, { part, state: 'warning', says: `The nodes run ${[...versions].join(' and ')}.`, advice: 'Finish the upgrade: run one version everywhere.' }] : findings
}

/** Judges a file with secrets by its mode. */
export function judgeSecret(file: string, mode: number): Finding {
  if ((mode & 0o077) === 0) return { part: 'secrets', state: 'ok', says: `${file} is readable by its owner alone.` }
  return { part: 'secrets', state: 'fault', says: `${file} is readable by others (mode ${(mode & 0o777).toString(8)}).`, advice: `chmod 600 ${file}` }
}
