/** Mounts components and runs composables in an app that has a fake client, languages and the component library. */
import type { ComponentMountingOptions, VueWrapper } from '@vue/test-utils'
import type { Component } from 'vue'
import type { FakeClient } from './fake-client.ts'
import type { LanguageCode, Languages } from '../../src/runtime/languages.ts'
import ui from '@nuxt/ui/vue-plugin'
import { mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { clientKey } from '../../src/runtime/client.ts'
import { createLanguages, languagesKey } from '../../src/runtime/languages.ts'
import { en } from '../../src/runtime/messages/en.ts'
import { es } from '../../src/runtime/messages/es.ts'
import { ptBR } from '../../src/runtime/messages/pt-br.ts'
import { createFakeClient } from './fake-client.ts'

/** Languages with the module's own messages. */
export async function startLanguages(code: LanguageCode = 'pt-BR'): Promise<Languages> {
  const languages = createLanguages({ loaders: { 'pt-BR': async () => ptBR, 'es': async () => es, 'en': async () => en }, preferred: [code] })
  await languages.start()
  return languages
}

/** An app's surroundings. */
export interface App {
  fake: FakeClient
  languages: Languages
  mount: (component: Component, props?: Record<string, unknown>) => VueWrapper
  /** Runs a composable in a component of its own; `unmount` ends its scope. */
  run: <Result>(composable: () => Result) => { result: Result, unmount: () => void }
}

/** Makes an app. */
export async function createApp(code: LanguageCode = 'pt-BR'): Promise<App> {
  const fake = createFakeClient()
  const languages = await startLanguages(code)
  const global = { plugins: [ui, languages.i18n], provide: { [clientKey as symbol]: fake.client, [languagesKey as symbol]: languages } }
  const mountIn = (component: Component, props: Record<string, unknown> = {}): VueWrapper =>
    mount(component, { props, global, attachTo: document.body } as ComponentMountingOptions<Component>) as VueWrapper
  return {
    fake,
    languages,
    mount: mountIn,
    run: composable => {
      const results: ReturnType<typeof composable>[] = []
      const host = defineComponent({ setup: () => { results.push(composable()); return () => h('div') } })
      const wrapper = mountIn(host)
      return { result: results[0] as ReturnType<typeof composable>, unmount: () => { wrapper.unmount() } }
    },
  }
}
