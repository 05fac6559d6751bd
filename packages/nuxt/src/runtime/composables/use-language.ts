/** The reader's language. */
import type { ShallowRef } from 'vue'
import type { LanguageCode } from '../languages.ts'
import { inject } from 'vue'
import { languageCodes, languagesKey } from '../languages.ts'

/** What {@link useLanguage} gives. */
export interface LanguageRefs {
  language: Readonly<ShallowRef<LanguageCode>>
  codes: readonly LanguageCode[]
  /** Shows another language and keeps the choice in this browser. */
  choose: (code: LanguageCode) => Promise<void>
}

/** The language of this app. @throws {Error} outside of an app that uses the module. */
export function useLanguage(): LanguageRefs {
  const languages = inject(languagesKey, undefined)
  if (!languages) throw new Error('useLanguage: no languages are provided; add @neo-stack/nuxt to the modules of nuxt.config')
  return { language: languages.language, codes: languageCodes, choose: languages.choose }
}
