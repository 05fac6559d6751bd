/**
 * What nobody uses: exports of a package's inner files that no other file of it imports, files that nothing reaches, and
 * dependencies that are declared and not imported. Portals and the Nuxt module are left out: Nuxt imports for them.
 * Usage: node scripts/check-unused.ts
 */
import ts from 'typescript'
import { fileGraph, resolveRelative, specifiersOf } from './imports.ts'
import { readWorkspaces } from './workspace.ts'
import type { CodeFile, Workspace } from './workspace.ts'

const everything = '*'
const isEntry = (name: string): boolean => /^src\/(index|main|module)\.ts$|\.config\.ts$|\.test\.ts$/.test(name)
const isInner = (name: string): boolean => name.startsWith('src/') && !isEntry(name)

const parse = (file: CodeFile): ts.SourceFile => ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(modifier => modifier.kind === ts.SyntaxKind.ExportKeyword)

/** Exported values; types are left out, a signature may need them. */
const exportedNames = (file: CodeFile): string[] => parse(file).statements.filter(isExported).flatMap((node) => {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map(declaration => declaration.name.getText())
  return (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name ? [node.name.text] : []
})

const namesTaken = (node: ts.ImportDeclaration | ts.ExportDeclaration): string[] => {
  const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause
  if (!bindings || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) return [everything]
  return [...bindings.elements].map(element => (element.propertyName ?? element.name).text)
}

/** `file#name` for every name one file takes of its neighbours; `file#*` where it takes all. */
const taken = (file: CodeFile): string[] => {
  const source = parse(file)
  const declared = source.statements.filter(node => ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
    .flatMap(node => node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)
      ? [{ specifier: node.moduleSpecifier.text, names: namesTaken(node) }] : [])
  const known = new Set(declared.map(({ specifier }) => specifier))
  const dynamic = specifiersOf(file).filter(specifier => !known.has(specifier)).map(specifier => ({ specifier, names: [everything] }))
  return [...declared, ...dynamic].flatMap(({ specifier, names }) =>
    names.map(name => `${resolveRelative(file.path, specifier)}#${name}`))
}

const findUnusedExports = ({ folder, files }: Workspace): string[] => {
  const used = new Set(files.flatMap(taken))
  return files.filter(file => isInner(file.path) && !used.has(`${file.path}#${everything}`)).flatMap(file => exportedNames(file)
    .filter(name => !used.has(`${file.path}#${name}`))
    .map(name => `${folder}/${file.path}: ${name} is exported and imported nowhere`))
}

const findUnreached = ({ folder, files }: Workspace): string[] => {
  const graph = fileGraph(files)
  const reached = new Set<string>()
  const visit = (name: string): void => {
    if (reached.has(name)) return
    reached.add(name)
    for (const next of graph.get(name) ?? []) visit(next)
  }
  files.filter(file => !isInner(file.path)).forEach(file => visit(file.path))
  return files.filter(file => isInner(file.path) && !reached.has(file.path)).map(file => `${folder}/${file.path}: nothing reaches it`)
}

const isImported = (name: string, specifiers: Set<string>): boolean =>
  specifiers.has(name) || [...specifiers].some(specifier => specifier.startsWith(`${name}/`))

const findUnusedDependencies = ({ folder, files, manifest }: Workspace): string[] => {
  const specifiers = new Set(files.flatMap(specifiersOf))
  return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter(name => !isImported(name, specifiers) && !(name.startsWith('@types/') && isImported(name.slice('@types/'.length), specifiers)))
    .map(name => `${folder}/package.json: ${name} is declared and imported nowhere`)
}

/** Everything unused in one workspace. */
export const findUnused = (workspace: Workspace): string[] =>
  [...findUnreached(workspace), ...findUnusedExports(workspace), ...findUnusedDependencies(workspace)]

if (import.meta.main) {
  const problems = readWorkspaces()
    .filter(({ folder }) => !folder.startsWith('portals/') && folder !== 'packages/nuxt')
    .flatMap(findUnused)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
