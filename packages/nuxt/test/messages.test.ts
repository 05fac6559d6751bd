import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { errorCodes } from '@neo-stack/events'
import { describe, expect, it } from 'vitest'
import { toLoaders } from '../src/loaders.ts'
import { pickLanguage } from '../src/runtime/languages.ts'
import { en } from '../src/runtime/messages/en.ts'
import { es } from '../src/runtime/messages/es.ts'
import { ptBR } from '../src/runtime/messages/pt-br.ts'
import { startLanguages } from './kit/app.ts'

type Tree = { [key: string]: string | Tree }
const flatten = (tree: Tree, prefix = ''): Record<string, string> => Object.assign({}, ...Object.entries(tree).map(([key, value]) =>
  typeof value === 'string' ? { [prefix + key]: value } : flatten(value, `${prefix}${key}.`))) as Record<string, string>
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()
const languages = { 'pt-BR': flatten(ptBR), 'es': flatten(es), 'en': flatten(en) }

describe('messages', () => {
  it.each(['es', 'en'] as const)('exist in %s for every Portuguese one, none empty', code => {
    expect(Object.keys(languages[code]).sort()).toEqual(Object.keys(languages['pt-BR']).sort())
    expect(Object.values(languages[code]).filter(text => text.trim() === '')).toEqual([])
  })

  it.each(['es', 'en'] as const)('name the same parameters in %s', code => {
    const differing = Object.keys(languages[code]).filter(key =>
      placeholders(languages[code][key] ?? '').join() !== placeholders(languages['pt-BR'][key] ?? '').join())
    expect(differing).toEqual([])
  })

  it('say every error code of the service and of the client', () => {
    expect(Object.keys(ptBR.error)).toEqual(expect.arrayContaining([...Object.keys(errorCodes), 'network', 'timeout', 'unexpected', 'closed']))
  })

  it('say every step, reason and next step of the deployer', () => {
    const file = path.join(import.meta.dirname, '../../../services/stack-deployer/src/steps.ts')
    expect(existsSync(file)).toBe(true)
    const text = readFileSync(file, 'utf8')
    for (const [table, said] of [['deploymentSteps', ptBR.step], ['deploymentReasons', ptBR.reason], ['deploymentNextSteps', ptBR.next]] as const) {
      const body = new RegExp(`${table} = \\{([^]*?)\\n\\}`).exec(text)?.[1] ?? ''
      const ids = [...body.matchAll(/^\s+(\w+): '([^\n]*)',$/gm)]
      expect(ids.length).toBeGreaterThan(3)
      expect(Object.keys(said)).toEqual(ids.map(([, id]) => id))
      for (const [, id = '', sentence = ''] of ids) expect(placeholders((said as Record<string, string>)[id] ?? '')).toEqual(placeholders(sentence))
    }
  })

  it('compile in every language', async () => {
    for (const code of ['pt-BR', 'es', 'en'] as const) {
      const { i18n } = await startLanguages(code)
      for (const [key, text] of Object.entries(languages[code])) {
        if (text.includes('|')) continue
        const params = Object.fromEntries(placeholders(text).map(name => [name.slice(1, -1), `<${name.slice(1, -1)}>`]))
        expect(i18n.global.t(key, params)).toBe(text.replaceAll(/\{(\w+)\}/g, '<$1>'))
      }
    }
  })
})

describe('the reader\'s language', () => {
  it('is the first wanted one there is, by its base language', () => {
    expect(pickLanguage(['fr-FR', 'es-MX', 'en'])).toBe('es')
    expect(pickLanguage(['pt-PT'])).toBe('pt-BR')
    expect(pickLanguage([undefined, 'xx'])).toBe('pt-BR')
  })

  it('changes what is said and is kept', async () => {
    const stored = new Map<string, string>()
    const { createLanguages } = await import('../src/runtime/languages.ts')
    const storage = { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => { stored.set(key, value) } }
    const loaders = { 'pt-BR': async () => ptBR, 'es': async () => es, 'en': async () => en }
    const chosen = createLanguages({ loaders, storage, preferred: ['pt-BR'] })
    await chosen.start()
    expect(chosen.i18n.global.t('status.failed')).toBe('Falhou')
    await chosen.choose('en')
    expect(chosen.i18n.global.t('status.failed')).toBe('Failed')
    expect(document.documentElement.lang).toBe('en')
    expect(createLanguages({ loaders, storage, preferred: ['pt-BR'] }).language.value).toBe('en')
  })

  it('is loaded by one import per language that merges the folders in order', () => {
    const text = toLoaders(['/module/messages', '/layer/messages'])
    expect(text).toContain('"es": async () => Object.assign({}, ...(await Promise.all([import("/module/messages/es.ts"), import("/layer/messages/es.ts")])).map(module => module.es))')
  })
})
