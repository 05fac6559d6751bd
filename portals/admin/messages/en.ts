/** The admin portal's own sentences. */
import type { Messages } from './pt-br.ts'

export const en: Messages = { admin: { overview: 'Overview' } }
