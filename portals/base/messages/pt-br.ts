/** The shell's sentences in Portuguese: the shape every other language follows. */
export const ptBR = {
  portal: { tenant: 'Portal do cliente', admin: 'Portal de operação', certification: 'Portal de certificação' },
  role: { viewer: 'leitura', member: 'membro', manager: 'gestão', owner: 'titular', admin: 'operação', service: 'serviço' },
  shell: {
    skip: 'Ir para o conteúdo',
    menu: 'Menu',
    navigation: 'Navegação',
    language: 'Idioma',
    theme: 'Tema: {theme}',
    themes: { system: 'do sistema', light: 'claro', dark: 'escuro' },
    account: 'Conta de {name}',
    signOut: 'Sair',
    offline: 'Sem conexão – os dados na tela são de {time}; tentando de novo.',
    closed: 'A conexão foi encerrada – os dados na tela são de {time}.',
    retryNow: 'Tentar agora',
  },
  signIn: {
    lead: 'Entre com sua conta',
    email: 'E-mail',
    password: 'Senha',
    submit: 'Entrar',
    missing: 'Informe e-mail e senha.',
    session_expired: 'Sua sessão terminou. Entre de novo para continuar.',
    session_revoked: 'Sua sessão foi encerrada em outro lugar. Entre de novo para continuar.',
    wrongPortal: {
      tenant: 'Esta é uma conta de operação: ela entra pelo portal de operação, em /admin/.',
      admin: 'Esta conta é de um cliente: ela entra pelo portal do cliente, em /tenant/.',
      certification: 'Esta é uma conta de operação: ela entra pelo portal de operação, em /admin/.',
    },
  },
  errorPage: {
    notFound: { title: 'Página não encontrada', text: 'O endereço não leva a nenhuma página deste portal.' },
    unavailable: { title: 'O serviço não está respondendo', text: 'Tentamos de novo em alguns segundos. Nada do que você fez se perdeu.' },
    fault: { title: 'Algo deu errado', text: 'A página não pôde ser mostrada. Tente de novo; se continuar, fale com o suporte.' },
    again: 'Tentar de novo',
    toStart: 'Ir para o início',
  },
}

/** What every language says. */
export type Messages = typeof ptBR
