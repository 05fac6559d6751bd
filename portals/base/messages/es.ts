/** The shell's sentences in Spanish. */
import type { Messages } from './pt-br.ts'

export const es: Messages = {
  portal: { tenant: 'Portal del cliente', admin: 'Portal de operación', certification: 'Portal de certificación' },
  role: { viewer: 'lectura', member: 'miembro', manager: 'gestión', owner: 'titular', admin: 'operación', service: 'servicio' },
  shell: {
    skip: 'Ir al contenido',
    menu: 'Menú',
    navigation: 'Navegación',
    language: 'Idioma',
    theme: 'Tema: {theme}',
    themes: { system: 'del sistema', light: 'claro', dark: 'oscuro' },
    account: 'Cuenta de {name}',
    signOut: 'Salir',
    offline: 'Sin conexión – los datos en pantalla son de las {time}; intentando de nuevo.',
    closed: 'La conexión se cerró – los datos en pantalla son de las {time}.',
    retryNow: 'Intentar ahora',
  },
  signIn: {
    lead: 'Inicie sesión con su cuenta',
    email: 'Correo electrónico',
    password: 'Contraseña',
    submit: 'Entrar',
    missing: 'Indique correo y contraseña.',
    session_expired: 'Su sesión terminó. Inicie sesión de nuevo para continuar.',
    session_revoked: 'Su sesión se cerró en otro lugar. Inicie sesión de nuevo para continuar.',
    wrongPortal: {
      tenant: 'Esta es una cuenta de operación: entra por el portal de operación, en /admin/.',
      admin: 'Esta cuenta es de un cliente: entra por el portal del cliente, en /tenant/.',
      certification: 'Esta es una cuenta de operación: entra por el portal de operación, en /admin/.',
    },
  },
  errorPage: {
    notFound: { title: 'Página no encontrada', text: 'La dirección no lleva a ninguna página de este portal.' },
    unavailable: { title: 'El servicio no responde', text: 'Lo intentamos de nuevo en unos segundos. No se perdió nada de lo que hizo.' },
    fault: { title: 'Algo salió mal', text: 'La página no se pudo mostrar. Inténtelo de nuevo; si continúa, hable con soporte.' },
    again: 'Intentar de nuevo',
    toStart: 'Ir al inicio',
  },
}
