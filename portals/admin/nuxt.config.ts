/** The admin portal, served at /admin/. */
import { fileURLToPath } from 'node:url'

export default defineNuxtConfig({
  extends: ['../base'],
  compatibilityDate: '2026-01-01',
  app: { baseURL: '/admin/' },
  neoStack: { portal: 'admin', messages: [fileURLToPath(new URL('./messages', import.meta.url))] },
})
