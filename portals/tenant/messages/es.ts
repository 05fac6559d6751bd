/** The tenant portal's own sentences. */
import type { Messages } from './pt-br.ts'

export const es: Messages = {
  tenant: {
    deployments: 'Despliegues',
    instances: 'Instancias',
    noInstances: 'Ninguna instancia todavía',
    noInstancesHint: 'Una instancia aparece aquí cuando empieza su primer despliegue.',
    instancesFailed: 'No se pudieron cargar las instancias',
    missing: 'Despliegue no encontrado',
    missingHint: 'No existe o no pertenece a su cuenta.',
  },
}
