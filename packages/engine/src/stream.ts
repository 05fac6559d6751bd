/** The stream of one channel: bounded list of publications with a top offset and an epoch. Knows no time but what it is given. */
import type { History, HistoryFilter } from './broker.ts'
import type { Position, Publication } from './publication.ts'

/** Bounded, numbered, expiring. */
export class Stream {
  readonly epoch: string
  #top = 0
  #kept: Publication[] = []
  #version = 0
  #versionEpoch = ''
  /** When the publications expire, then when the stream itself does. */
  clearAt: number = Infinity
  removeAt: number = Infinity

  constructor(epoch: string) {
    this.epoch = epoch
  }

  /** Offset of the newest publication and the epoch. */
  get position(): Position {
    return { offset: this.#top, epoch: this.epoch }
  }

  /** The newest publication that is still kept. */
  get last(): Publication | undefined {
    return this.#kept.at(-1)
  }

  /** Whether a versioned publication came too late. A publication that names no epoch is compared with whatever was last. */
  isOutdated(version: number, versionEpoch: string): boolean {
    return version > 0 && version <= this.#version && (versionEpoch === '' || versionEpoch === this.#versionEpoch)
  }

  /** Numbers and keeps a publication; the oldest beyond `size` goes. */
  append(publication: Omit<Publication, 'offset'>, size: number, versionEpoch: string): Publication {
    const numbered = { ...publication, offset: ++this.#top }
    this.#kept.push(numbered)
    // One at a time: nearly always it is one, and `splice` would make a list of it.
    while (this.#kept.length > size) this.#kept.shift()
    if (publication.version) {
      this.#version = publication.version
      this.#versionEpoch = versionEpoch
    }
    return numbered
  }

  /** Forgets the publications, not the position. */
  clear(): void {
    this.#kept = []
    this.clearAt = Infinity
  }

  /** A slice: after `since` (before it, when reversed), at most `limit`. */
  read({ limit, since, reverse = false }: HistoryFilter): History {
    const isOtherEpoch = since !== undefined && since.epoch !== '' && since.epoch !== this.epoch
    const publications = limit === 0 || isOtherEpoch ? [] : this.#slice(since?.offset, reverse)
    return { ...this.position, publications: limit < 0 ? publications : publications.slice(0, limit), isOtherEpoch }
  }

  #slice(since: number | undefined, reverse: boolean): Publication[] {
    if (since === undefined) return reverse ? this.#kept.toReversed() : this.#kept.slice()
    const first = this.#top - this.#kept.length + 1
    if (reverse) return this.#kept.slice(0, Math.max(0, since - first)).reverse()
    return this.#kept.slice(Math.max(0, since + 1 - first))
  }
}
