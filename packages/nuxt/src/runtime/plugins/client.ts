/** Makes the app's client; the session is taken up by whoever decides what is shown (the layer's first middleware). */
import { createClient } from '@neo-stack/client'
import { defineNuxtPlugin, useRuntimeConfig } from 'nuxt/app'
import { clientKey } from '../client.ts'

interface PublicConfig { portal: 'tenant' | 'admin' | 'certification', apiUrl: string }

export default defineNuxtPlugin({
  name: 'neo-stack:client',
  setup: ({ vueApp }) => {
    const { portal, apiUrl } = useRuntimeConfig().public['neoStack'] as PublicConfig
    vueApp.provide(clientKey, createClient({ portal, ...apiUrl !== '' && { baseUrl: apiUrl } }))
  },
})
