/** The tenant portal, served at /tenant/. */
import { fileURLToPath } from 'node:url'

export default defineNuxtConfig({
  extends: ['../base'],
  compatibilityDate: '2026-01-01',
  app: { baseURL: '/tenant/' },
  neoStack: { portal: 'tenant', messages: [fileURLToPath(new URL('./messages', import.meta.url))] },
})
