/** Channel names: `[$]namespace:rest[#user,user]`. The text before the first `:` names the namespace. */

/** Longest channel name, in bytes (`channel.max_length`). */
const MAX_CHANNEL_BYTES = 255

const ASCII = /^[\u0000-\u007f]*$/u

/** Whether a name is acceptable at all: ASCII and not too long. */
export const isChannelName = (channel: string): boolean => channel.length > 0 && channel.length <= MAX_CHANNEL_BYTES && ASCII.test(channel)

/** Whether a subscription always needs a token. */
export const isPrivateChannel = (channel: string): boolean => channel.startsWith('$')

/** Name of the namespace, '' for channels without one. */
export function namespaceOf(channel: string): string {
  const start = isPrivateChannel(channel) ? 1 : 0
  const boundary = channel.indexOf(':', start)
  return boundary < 0 ? '' : channel.slice(start, boundary)
}

/** The users of a user-limited channel (`dialog#1,2`), undefined for other channels. */
export function usersOf(channel: string): readonly string[] | undefined {
  const boundary = channel.lastIndexOf('#')
  return boundary < 0 ? undefined : channel.slice(boundary + 1).split(',')
}
