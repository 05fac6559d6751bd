/**
 * Nuxt module: one client per app, composables, components and their messages. Used from source.
 *
 * @example
 * // nuxt.config.ts
 * export default defineNuxtConfig({ modules: ['@neo-stack/nuxt'], neoStack: { portal: 'tenant' } })
 */
import type { NuxtModule } from '@nuxt/schema'
import { addComponent, addImports, addPlugin, addTemplate, addTypeTemplate, createResolver, defineNuxtModule } from '@nuxt/kit'
import { components, composables } from './exposed.ts'
import { toLoaders } from './loaders.ts'

/** What an app chooses. */
export interface NeoStackOptions {
  /** Whose session this app has. @default 'tenant' */
  portal: 'tenant' | 'admin' | 'certification'
  /** Origin of the service. @default the page's own */
  apiUrl: string
  /** Folders with `pt-br.ts`, `es.ts` and `en.ts`, each exporting its messages by that name (`ptBR`, `es`, `en`); later ones win. @default [] */
  messages: string[]
}

const neoStack: NuxtModule<NeoStackOptions> = defineNuxtModule<NeoStackOptions>({
  meta: { name: '@neo-stack/nuxt', configKey: 'neoStack', compatibility: { nuxt: '^4.5.0' } },
  defaults: { portal: 'tenant', apiUrl: '', messages: [] },
  setup(options, nuxt) {
    const runtime = createResolver(import.meta.url)
    const resolve = (path: string): string => runtime.resolve('./runtime', path)

    nuxt.options.build.transpile.push(runtime.resolve('./runtime'))
    nuxt.options.runtimeConfig.public['neoStack'] = { portal: options.portal, apiUrl: options.apiUrl }
    Object.assign(nuxt.options.vite.define ??= {}, vueI18nFlags)

    addTemplate({ filename: 'neo-stack/messages.mjs', getContents: () => toLoaders([resolve('messages'), ...options.messages.toReversed()]) })
    addTypeTemplate({ filename: 'types/neo-stack.d.ts', src: resolve('ambient.d.ts') })
    addImports({ name: 'useI18n', from: 'vue-i18n' })
    for (const [name, file] of Object.entries(composables)) addImports({ name, from: resolve(file) })
    for (const name of components) addComponent({ name, filePath: resolve(`components/${name}.vue`) })
    // A plugin added later runs earlier: languages come before the client.
    addPlugin(resolve('plugins/client.ts'))
    addPlugin(resolve('plugins/language.ts'))
  },
})

export default neoStack

/** Only what is used of vue-i18n: no legacy API, no developer tools. */
const vueI18nFlags = {
  __VUE_I18N_FULL_INSTALL__: 'false',
  __VUE_I18N_LEGACY_API__: 'false',
  __INTLIFY_PROD_DEVTOOLS__: 'false',
  __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
}
