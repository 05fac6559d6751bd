/** Sentences about presence in Portuguese. */
export const presence = {
  title: 'Quem está aqui',
  online: 'Online',
  busy: 'Ocupado',
  away: 'Ausente',
  offline: 'Offline',
  you: 'você',
  now: 'agora',
  nobody: 'Ninguém está aqui agora',
  failed: 'Não foi possível carregar quem está aqui',
  all: 'Mostrar todos ({count})',
  fewer: 'Mostrar menos',
  looking: 'Também estão vendo esta página: {names}',
  joined: '{name} entrou',
  joinedMany: '{name} e mais {count} entraram',
  left: '{name} saiu',
  leftMany: '{name} e mais {count} saíram',
}
