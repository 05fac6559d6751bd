import { describe, expect, it } from 'vitest'
import { END_ZONE, onLines, onScroll, toUnseen } from '../src/runtime/log/follow.ts'

const atEnd = { isFollowing: true, seen: 0 }

describe('following a log', () => {
  it('sees every line while at the end', () => {
    const follow = onLines(atEnd, 10)
    expect(follow).toEqual({ isFollowing: true, seen: 10 })
    expect(toUnseen(follow, 10)).toBe(0)
  })

  it('counts the lines that come after the reader scrolled away', () => {
    const away = onScroll(onLines(atEnd, 10), 500, 10)
    const later = onLines(away, 13)
    expect(later.isFollowing).toBe(false)
    expect(toUnseen(later, 13)).toBe(3)
  })

  it('goes on counting while the reader scrolls about', () => {
    const away = onScroll({ isFollowing: true, seen: 10 }, 500, 10)
    expect(toUnseen(onScroll(onLines(away, 12), 300, 12), 14)).toBe(4)
  })

  it('follows again near the end', () => {
    const back = onScroll({ isFollowing: false, seen: 10 }, END_ZONE, 14)
    expect(back).toEqual({ isFollowing: true, seen: 14 })
  })
})
