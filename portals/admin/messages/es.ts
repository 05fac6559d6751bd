/** The admin portal's own sentences. */
import type { Messages } from './pt-br.ts'

export const es: Messages = { admin: { overview: 'Resumen' } }
