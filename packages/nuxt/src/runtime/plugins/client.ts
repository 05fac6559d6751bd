/** Makes the app's client; the session is taken up by whoever decides what is shown (the layer's first middleware). */
import { createClient } from '@neo-stack/client'
import { defineNuxtPlugin, useRuntimeConfig } from 'nuxt/app'
import { clientKey } from '../client.ts'
import { keepConnected } from '../recovery.ts'

interface PublicConfig { portal: 'tenant' | 'admin' | 'certification', apiUrl: string }

export default defineNuxtPlugin({
  name: 'neo-stack:client',
  setup: ({ vueApp }) => {
    const { portal, apiUrl } = useRuntimeConfig().public['neoStack'] as PublicConfig
    const client = createClient({ portal, ...apiUrl !== '' && { baseUrl: apiUrl } })
    keepConnected(client)
    vueApp.provide(clientKey, client)
  },
})
