/** ESLint rule: an import that crosses a zone of zones.ts is an error that says why; a relative import names its file's extension. */
import path from 'node:path'
import type { Rule } from 'eslint'
import type { Zone } from './zones.ts'

const toPosix = (name: string): string => name.split(path.sep).join('/')
const matches = (name: string, globs: string[]): boolean =>
  globs.some(glob => glob === '**' || name === glob || path.posix.matchesGlob(name, glob))

const holdsFor = (zone: Zone, file: string): boolean => matches(file, zone.files) && !matches(file, zone.except ?? [])

/** The repository path a relative import means, or the package name as it stands. */
const targetOf = (file: string, specifier: string): string =>
  specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : specifier

export const findCrossing = (zones: Zone[], file: string, specifier: string): Zone | undefined => {
  const target = targetOf(file, specifier)
  return zones.find(zone => holdsFor(zone, file) && matches(target, zone.forbid) && !matches(target, zone.allow ?? []))
}

const lacksExtension = (specifier: string): boolean => /^\.{1,2}(\/|$)/.test(specifier) && path.posix.extname(specifier) === ''

interface Options { zones: Zone[], root: string }

export const boundaries: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: {
      crossed: '{{why}}',
      extension: 'A relative import names its file: \'{{specifier}}.ts\'.',
    },
  },
  create(context) {
    const { zones, root } = context.options[0] as Options
    const file = toPosix(path.relative(root, context.filename))
    const check = (node: Rule.Node): void => {
      const source = (node as { source?: { value?: unknown } | null }).source
      if (typeof source?.value !== 'string') return
      const specifier = source.value
      const zone = findCrossing(zones, file, specifier)
      if (zone) context.report({ node, messageId: 'crossed', data: { why: zone.why } })
      if (lacksExtension(specifier)) context.report({ node, messageId: 'extension', data: { specifier } })
    }
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    }
  },
}
