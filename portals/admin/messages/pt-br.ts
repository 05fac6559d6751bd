/** The admin portal's own sentences. */
export const ptBR = { admin: { overview: 'Visão geral' } }

/** What every language says. */
export type Messages = typeof ptBR
