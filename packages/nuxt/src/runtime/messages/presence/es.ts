/** Sentences about presence in Spanish. */
import type { presence as ptBR } from './pt-br.ts'

export const presence: typeof ptBR = {
  title: 'Quién está aquí',
  online: 'En línea',
  busy: 'Ocupado',
  away: 'Ausente',
  offline: 'Desconectado',
  you: 'usted',
  now: 'ahora',
  nobody: 'Nadie está aquí ahora',
  failed: 'No se pudo cargar quién está aquí',
  all: 'Mostrar todos ({count})',
  more: 'Mostrar más (faltan {count})',
  fewer: 'Mostrar menos',
  looking: 'También ven esta página: {names}',
  joined: '{name} ha entrado',
  joinedMany: '{name} y {count} más han entrado',
  left: '{name} ha salido',
  leftMany: '{name} y {count} más han salido',
}
