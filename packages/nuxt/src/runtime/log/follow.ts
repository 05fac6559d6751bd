/** Whether a log view follows its end, and how many lines came while it did not. Pure. */

/** What the view knows: `seen` is the number of the last line the reader had in sight. */
export interface Follow {
  isFollowing: boolean
  seen: number
}

/** Pixels from the end within which a reader is at the end. */
export const END_ZONE = 24

/** The view scrolled: near the end it follows again, away from it no longer. */
export function onScroll(follow: Follow, distanceFromEnd: number, last: number): Follow {
  const isFollowing = distanceFromEnd <= END_ZONE
  return { isFollowing, seen: isFollowing || follow.isFollowing ? last : follow.seen }
}

/** Lines came. */
export function onLines(follow: Follow, last: number): Follow {
  return follow.isFollowing ? { ...follow, seen: last } : follow
}

/** Lines the reader has not had in sight. */
export function toUnseen(follow: Follow, last: number): number {
  return follow.isFollowing ? 0 : Math.max(0, last - follow.seen)
}
