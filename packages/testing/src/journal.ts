/** A journal: what readers saw, what publishers were told and every text that came over the wire, for the checkers. */

import type { Entry } from './delivery.ts'
import type { Transcript } from './isolation.ts'

/** What an event or an answer has at least; without `seq` (channels that keep no log) it is not entered. */
export interface Placed {
  channel: string
  seq?: number | undefined
  id: string
}

/** A growing journal. */
export interface Journal {
  readonly received: readonly Entry[]
  readonly acknowledged: readonly Entry[]
  readonly transcripts: readonly Transcript[]
  /** Enters what a handler was given. */
  receive(event: Placed): void
  /** Enters what a publish was answered with 2xx. */
  acknowledge(event: Placed): void
  /** Enters a text that came over the wire. */
  transcribe(source: string, text: string): void
}

/** Makes an empty journal. */
export function createJournal(): Journal {
  const received: Entry[] = []
  const acknowledged: Entry[] = []
  const transcripts: Transcript[] = []
  return {
    received, acknowledged, transcripts,
    receive: event => { enter(received, event) },
    acknowledge: event => { enter(acknowledged, event) },
    transcribe: (source, text) => { transcripts.push({ source, text }) },
  }
}

function enter(entries: Entry[], { channel, seq, id }: Placed): void {
  if (seq !== undefined) entries.push({ channel, seq, id })
}
