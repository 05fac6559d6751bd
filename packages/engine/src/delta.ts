/** Publications for subscribers who negotiated deltas: whole, or as a patch of what they hold. Pure. Source: PROTOCOL 1.13. */
import { createPatch } from './fossil.ts'
import type { Publication } from './publication.ts'
import type { SubscribeResult } from './reply.ts'
import type { Subscription } from './session.ts'

/** How a subscriber gets a publication. `plain`: deltas were not negotiated. */
export type Form = 'plain' | 'full' | 'patch'

/** How this subscriber gets the next publication; a patch only goes to whom has its base. */
export function nextForm(subscription: Subscription, publication: Publication, previous: Publication | undefined): Form {
  if (!subscription.usesDelta) return 'plain'
  const holdsBase = subscription.isPositioned && previous !== undefined && previous.offset === subscription.base
  subscription.base = publication.offset
  return holdsBase ? 'patch' : 'full'
}

/** A publication in a form. */
export function toForm(publication: Publication, form: Form, previous: Publication | undefined): Publication {
  if (form === 'plain') return publication
  if (form === 'full' || !previous) return { ...publication, delta: false }
  const { data, isPatch } = createPatch(previous.data, publication.data)
  return { ...publication, data, delta: isPatch }
}

/** The recovered list of a reply as it is written; with deltas the first whole, each following one as a patch of the one before it. */
export function listOf({ publications = [], delta = false }: Pick<SubscribeResult, 'publications' | 'delta'>): readonly Publication[] {
  if (!delta) return publications
  return publications.map((publication, at) => toForm(publication, at === 0 ? 'full' : 'patch', publications[at - 1]))
}
