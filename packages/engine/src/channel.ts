/** Channel names: `[$]namespace:rest[#user,user]`. The text before the first boundary names the namespace. Source: PROTOCOL 3.1. */

/** The signs of a channel name; '' switches one off. */
export interface Naming {
  /** Longest name in bytes. */
  readonly maxLength: number
  readonly privatePrefix: string
  readonly namespaceBoundary: string
  readonly userBoundary: string
  readonly userSeparator: string
}

/** Centrifugo's signs. */
export const NAMING: Naming = { maxLength: 255, privatePrefix: '$', namespaceBoundary: ':', userBoundary: '#', userSeparator: ',' }

const ASCII = /^[\u0000-\u007f]*$/u

/** Whether a name is ASCII, which every name without a pattern of its own must be. */
export const isAscii = (channel: string): boolean => ASCII.test(channel)

/** Whether a subscription always needs a token. */
export const isPrivateChannel = (channel: string, { privatePrefix }: Naming): boolean => privatePrefix !== '' && channel.startsWith(privatePrefix)

/** Namespace ('' for channels without one) and what follows it. */
export function splitChannel(channel: string, naming: Naming): { readonly namespace: string, readonly rest: string } {
  const { namespaceBoundary, privatePrefix } = naming
  const start = isPrivateChannel(channel, naming) ? privatePrefix.length : 0
  const boundary = namespaceBoundary === '' ? -1 : channel.indexOf(namespaceBoundary, start)
  if (boundary < 0) return { namespace: '', rest: channel }
  return { namespace: channel.slice(start, boundary), rest: channel.slice(boundary + namespaceBoundary.length) }
}

/** The users of a user-limited channel (`dialog#1,2`), undefined for other channels. */
export function usersOf(channel: string, { userBoundary, userSeparator }: Naming): readonly string[] | undefined {
  const boundary = userBoundary === '' ? -1 : channel.lastIndexOf(userBoundary)
  if (boundary < 0) return undefined
  const users = channel.slice(boundary + userBoundary.length)
  return userSeparator === '' ? [users] : users.split(userSeparator)
}

/** The channel every connection of a user gets, in a namespace or without one. */
export function personalChannel(user: string, namespace: string, { namespaceBoundary, userBoundary }: Naming): string {
  return namespace === '' ? `${userBoundary}${user}` : `${namespace}${namespaceBoundary}${userBoundary}${user}`
}
