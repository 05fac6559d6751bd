import type { PortalName } from './sign-in.ts'

declare module 'nuxt/schema' {
  interface AppConfigInput {
    /** Which portal this is. */
    portal?: { name: PortalName }
  }
  interface AppConfig {
    portal: { name: PortalName }
  }
}

export {}
