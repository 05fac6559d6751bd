/** The certification portal, served at /certification/. */
import { fileURLToPath } from 'node:url'

export default defineNuxtConfig({
  extends: ['../base'],
  compatibilityDate: '2026-01-01',
  app: { baseURL: '/certification/' },
  neoStack: { portal: 'certification', messages: [fileURLToPath(new URL('./messages', import.meta.url))] },
})
