/** Pages of hits, newest first, of which a bounded number is held: what is far away is let go and read again. Pure. */

import type { SearchHit, SearchResult } from '@neo-stack/events'

/** What is held of a history. */
export interface Pages {
  pages: readonly SearchResult[]
  /** Whether there may be newer hits than the first one held. */
  hasNewer: boolean
  hasOlder: boolean
}

/** Pages held at most. */
const MAX_PAGES = 40

/** Nothing is held yet. */
export const noPages: Pages = { pages: [], hasNewer: false, hasOlder: false }

/** The first page; after a jump there is something newer. */
export function startPages(page: SearchResult, hasNewer: boolean): Pages {
  return { pages: [page], hasNewer, hasOlder: page.next !== undefined }
}

/** An older page comes below; the newest is let go when there are too many. */
export function addOlder({ pages, hasNewer }: Pages, page: SearchResult): Pages {
  const all = page.hits.length > 0 ? [...pages, page] : pages
  return { pages: all.slice(-MAX_PAGES), hasNewer: hasNewer || all.length > MAX_PAGES, hasOlder: page.next !== undefined }
}

/** A newer page comes on top, without what is there already; the oldest is let go when there are too many. */
export function addNewer({ pages, hasOlder }: Pages, page: SearchResult, limit: number): Pages {
  const known = new Set(pages[0]?.hits.map(({ event }) => event.id))
  const hits = page.hits.filter(({ event }) => !known.has(event.id))
  const all = hits.length > 0 ? [{ ...page, hits }, ...pages] : pages
  return { pages: all.slice(0, MAX_PAGES), hasNewer: page.hits.length >= limit, hasOlder: hasOlder || all.length > MAX_PAGES }
}

/** All hits that are held, newest first. */
export function hitsOf({ pages }: Pages): SearchHit[] {
  return pages.flatMap(({ hits }) => hits)
}
