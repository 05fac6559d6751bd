/** What one source file measures: lengths of functions, parameters, exports, forbidden forms. Pure but for TypeScript's parser. */
import ts from 'typescript'
import type { CodeFile } from './workspace.ts'

export interface FunctionMeasure {
  name: string
  line: number
  lines: number
  /** 0 where the line above gives a reason for more (`eslint-disable-next-line max-params -- …`). */
  parameters: number
}

export interface FileMeasure {
  path: string
  lines: number
  functions: FunctionMeasure[]
  exports: number
  /** The file does nothing but pass on what others export. */
  isBarrel: boolean
  /** Modules imported for more than their types. */
  valueImports: string[]
  anyTypes: number
  nonNulls: number
  enums: number
  ignores: number
  todos: number
}

type FunctionWithBody = ts.FunctionLikeDeclaration & { body: ts.Node }

const hasBody = (node: ts.Node): node is FunctionWithBody =>
  ts.isFunctionLike(node) && (node as ts.FunctionLikeDeclaration).body !== undefined

/** The name a reader would call the function by; undefined for a callback. */
const nameOf = (node: FunctionWithBody): string | undefined => {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  if (node.name) return node.name.getText()
  const { parent } = node
  const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)
  return isNamed ? parent.name.getText() : undefined
}

const isImportOfTypes = (node: ts.ImportDeclaration): boolean => {
  const clause = node.importClause
  if (!clause) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const named = clause.namedBindings
  return !clause.name && named !== undefined && ts.isNamedImports(named)
    && named.elements.length > 0 && named.elements.every(element => element.isTypeOnly)
}

const valueImportOf = (node: ts.Statement): string[] => {
  const isValue = (ts.isImportDeclaration(node) && !isImportOfTypes(node)) || (ts.isExportDeclaration(node) && !node.isTypeOnly)
  if (!isValue) return []
  const { moduleSpecifier } = node as ts.ImportDeclaration | ts.ExportDeclaration
  return moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier.text] : []
}

const countExports = (node: ts.Statement): number => {
  if (ts.isExportDeclaration(node)) return node.exportClause && ts.isNamedExports(node.exportClause) ? node.exportClause.elements.length : 1
  if (ts.isExportAssignment(node)) return 1
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) ?? [] : []
  return modifiers.some(modifier => modifier.kind === ts.SyntaxKind.ExportKeyword) ? 1 : 0
}

const measureFunction = (node: FunctionWithBody, source: ts.SourceFile): FunctionMeasure | undefined => {
  const name = nameOf(node)
  if (name === undefined) return undefined
  const first = source.getLineAndCharacterOfPosition(node.getStart()).line
  const last = source.getLineAndCharacterOfPosition(node.end).line
  const isExcused = /eslint-disable-next-line max-params -- /.test(source.text.split('\n')[first - 1] ?? '')
  return { name, line: first + 1, lines: last - first + 1, parameters: isExcused ? 0 : node.parameters.length }
}

const everyNode = (node: ts.Node): ts.Node[] => {
  const found: ts.Node[] = [node]
  ts.forEachChild(node, (child) => { found.push(...everyNode(child)) })
  return found
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

export const measureFile = (file: CodeFile): FileMeasure => {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
  const nodes = everyNode(source)
  const statements = [...source.statements]
  return {
    path: file.path,
    lines: file.lines,
    functions: nodes.filter(hasBody).flatMap(node => measureFunction(node, source) ?? []),
    exports: statements.reduce((sum, node) => sum + countExports(node), 0),
    isBarrel: statements.length > 0 && statements.every(node => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined),
    valueImports: statements.flatMap(valueImportOf),
    anyTypes: nodes.filter(node => node.kind === ts.SyntaxKind.AnyKeyword).length,
    nonNulls: nodes.filter(ts.isNonNullExpression).length,
    enums: nodes.filter(ts.isEnumDeclaration).length,
    ignores: count(file.text, /\/[/*]\s*@ts-(ignore|nocheck)/g),
    todos: count(file.text, /\/[/*]+\s*(TODO|FIXME)/g),
  }
}
