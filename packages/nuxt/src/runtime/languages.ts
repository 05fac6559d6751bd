/** Which language the reader sees: chosen before, else the browser's, else Portuguese. Messages are loaded when first needed. */
import type { InjectionKey, ShallowRef } from 'vue'
import type { I18n } from 'vue-i18n'
import { shallowReadonly, shallowRef } from 'vue'
import { createI18n } from 'vue-i18n'

/** Languages there are. */
export const languageCodes = ['pt-BR', 'es', 'en'] as const

/** Code of a language (BCP 47). */
export type LanguageCode = (typeof languageCodes)[number]

/** Loads the messages of each language. */
export type MessageLoaders = Readonly<Record<string, () => Promise<Record<string, unknown>>>>

/** What languages are made of. */
export interface LanguagesOptions {
  loaders: MessageLoaders
  /** Where the choice is kept; failing is no error. @default nowhere */
  storage?: Pick<Storage, 'getItem' | 'setItem'> | undefined
  /** The browser's languages, most wanted first. @default none */
  preferred?: readonly string[]
}

/** The app's languages. */
export interface Languages {
  i18n: I18n<Record<string, never>, Record<string, never>, Record<string, never>, string, false>
  language: Readonly<ShallowRef<LanguageCode>>
  /** Loads and shows the reader's language. */
  start(): Promise<void>
  /** Loads and shows a language, and keeps the choice. */
  choose(code: LanguageCode): Promise<void>
}

/** Key the languages are provided by. */
export const languagesKey: InjectionKey<Languages> = Symbol('neo-stack languages')

const STORED_AS = 'neo-language'

/** Makes the languages; nothing is loaded before `start`. */
export function createLanguages({ loaders, storage, preferred = [] }: LanguagesOptions): Languages {
  const first = pickLanguage([read(storage), ...preferred])
  const language = shallowRef<LanguageCode>(first)
  const i18n: Languages['i18n'] = createI18n({ legacy: false, locale: first, fallbackLocale: false, missingWarn: false, fallbackWarn: false })
  const loaded = new Set<LanguageCode>()

  async function show(code: LanguageCode): Promise<void> {
    if (!loaded.has(code)) i18n.global.setLocaleMessage(code, await loaders[code]?.() ?? {})
    loaded.add(code)
    i18n.global.locale.value = code
    language.value = code
    if (typeof document !== 'undefined') document.documentElement.lang = code
  }

  return {
    i18n,
    language: shallowReadonly(language),
    start: () => show(first),
    choose: async code => {
      await show(code)
      write(storage, code)
    },
  }
}

/** The first wanted language there is, by its base where the region differs; Portuguese when there is none. */
export function pickLanguage(wanted: readonly (string | undefined)[]): LanguageCode {
  for (const tag of wanted) {
    const base = tag?.toLowerCase().split('-')[0]
    const found = languageCodes.find(code => code.toLowerCase().split('-')[0] === base)
    if (found) return found
  }
  return 'pt-BR'
}

function read(storage: LanguagesOptions['storage']): string | undefined {
  try {
    return storage?.getItem(STORED_AS) ?? undefined
  } catch {
    return undefined
  }
}

function write(storage: LanguagesOptions['storage'], code: LanguageCode): void {
  try {
    storage?.setItem(STORED_AS, code)
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}
