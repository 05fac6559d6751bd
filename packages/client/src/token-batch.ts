/** Gathers what is asked for in one moment into few requests: many channels, one POST. */

/** What the service says about one channel: a token, or why there is none. */
export type TokenAnswer = string | { error: { code: string, detail: string } }

/** Most channels in one request (the contract's limit). */
const MAX_CHANNELS = 100

interface Waiting {
  channel: string
  resolve: (answer: TokenAnswer) => void
  reject: (error: unknown) => void
}

/** Makes a function that asks for one channel's token; calls within one microtask turn share a request. */
export function createTokenBatch(fetchTokens: (channels: readonly string[]) => Promise<Readonly<Record<string, TokenAnswer>>>): (channel: string) => Promise<TokenAnswer> {
  let waiting: Waiting[] = []

  const flush = (): void => {
    const all = waiting
    waiting = []
    for (let i = 0; i < all.length; i += MAX_CHANNELS) void answer(all.slice(i, i + MAX_CHANNELS))
  }

  const answer = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const tokens = await fetchTokens([...new Set(group.map(({ channel }) => channel))])
      for (const { channel, resolve, reject } of group) {
        const token = tokens[channel]
        if (token === undefined) reject(new Error(`no answer about ${channel}`))
        else resolve(token)
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  return channel => new Promise((resolve, reject) => {
    if (waiting.length === 0) queueMicrotask(flush)
    waiting.push({ channel, resolve, reject })
  })
}
