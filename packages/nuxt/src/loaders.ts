/** Languages as the app loads them: a generated module with one dynamic import per language, its messages merged in order. */

const files = { 'pt-BR': { file: 'pt-br.ts', name: 'ptBR' }, 'es': { file: 'es.ts', name: 'es' }, 'en': { file: 'en.ts', name: 'en' } } as const

/** Text of the module that merges the message folders; a later folder adds to and overrides an earlier one, key group by key group. */
export function toLoaders(folders: readonly string[]): string {
  const entries = Object.entries(files).map(([language, { file, name }]) => {
    const imports = folders.map(folder => `import(${JSON.stringify(`${folder}/${file}`)})`).join(', ')
    return `  ${JSON.stringify(language)}: async () => Object.assign({}, ...(await Promise.all([${imports}])).map(module => module.${name})),`
  })
  return `export const loaders = {\n${entries.join('\n')}\n}\n`
}
