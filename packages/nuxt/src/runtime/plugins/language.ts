/** Makes the app's translations and loads the reader's language before anything is shown. */
import { loaders } from '#build/neo-stack/messages.mjs'
import { defineNuxtPlugin } from 'nuxt/app'
import { createLanguages, languagesKey } from '../languages.ts'

export default defineNuxtPlugin({
  name: 'neo-stack:language',
  setup: async ({ vueApp }) => {
    const languages = createLanguages({ loaders, storage: globalThis.localStorage, preferred: globalThis.navigator.languages })
    vueApp.use(languages.i18n)
    vueApp.provide(languagesKey, languages)
    await languages.start()
  },
})
