/** Sentences about presence in English. */
import type { presence as ptBR } from './pt-br.ts'

export const presence: typeof ptBR = {
  title: 'Who is here',
  online: 'Online',
  busy: 'Busy',
  away: 'Away',
  offline: 'Offline',
  you: 'you',
  now: 'now',
  nobody: 'Nobody is here now',
  failed: 'Who is here could not be loaded',
  all: 'Show all ({count})',
  more: 'Show more ({count} left)',
  fewer: 'Show fewer',
  looking: 'Also looking at this page: {names}',
  joined: '{name} came',
  joinedMany: '{name} and {count} more came',
  left: '{name} left',
  leftMany: '{name} and {count} more left',
}
