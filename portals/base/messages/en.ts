/** The shell's sentences in English. */
import type { Messages } from './pt-br.ts'

export const en: Messages = {
  portal: { tenant: 'Customer portal', admin: 'Operations portal', certification: 'Certification portal' },
  role: { viewer: 'viewer', member: 'member', manager: 'manager', owner: 'owner', admin: 'operator', service: 'service' },
  shell: {
    skip: 'Skip to content',
    menu: 'Menu',
    navigation: 'Navigation',
    language: 'Language',
    theme: 'Theme: {theme}',
    themes: { system: 'system', light: 'light', dark: 'dark' },
    account: 'Account of {name}',
    signOut: 'Sign out',
    offline: 'Offline – what is shown is from {time}; trying again.',
    closed: 'The connection was closed – what is shown is from {time}.',
    retryNow: 'Try now',
  },
  signIn: {
    lead: 'Sign in with your account',
    email: 'E-mail',
    password: 'Password',
    submit: 'Sign in',
    missing: 'Enter e-mail and password.',
    session_expired: 'Your session has ended. Sign in again to continue.',
    session_revoked: 'Your session was ended elsewhere. Sign in again to continue.',
    wrongPortal: {
      tenant: 'This is an operator’s account: it signs in at the operations portal, /admin/.',
      admin: 'This account belongs to a customer: it signs in at the customer portal, /tenant/.',
      certification: 'This is an operator’s account: it signs in at the operations portal, /admin/.',
    },
  },
  errorPage: {
    notFound: { title: 'Page not found', text: 'This address leads to no page of this portal.' },
    unavailable: { title: 'The service does not answer', text: 'We try again in a few seconds. Nothing you did is lost.' },
    fault: { title: 'Something went wrong', text: 'The page could not be shown. Try again; if it continues, talk to support.' },
    again: 'Try again',
    toStart: 'Go to the start',
  },
}
