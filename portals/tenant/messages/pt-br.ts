/** The tenant portal's own sentences. */
export const ptBR = {
  tenant: {
    deployments: 'Deployments',
    instances: 'Instâncias',
    noInstances: 'Nenhuma instância ainda',
    noInstancesHint: 'Uma instância aparece aqui quando seu primeiro deployment começa.',
    instancesFailed: 'Não foi possível carregar as instâncias',
    missing: 'Deployment não encontrado',
    missingHint: 'Ele não existe ou não pertence à sua conta.',
  },
}

/** What every language says. */
export type Messages = typeof ptBR
