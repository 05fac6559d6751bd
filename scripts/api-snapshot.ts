/**
 * Public names and signatures of every package's door, as pages under docs/reference/api/: a change of the public surface is a
 * diff somebody reads. Everything public has a description.
 * Usage: node scripts/api-snapshot.ts --write | --check
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { keepPages } from './pages.ts'
import { readWorkspaces, repository } from './workspace.ts'

const format = ts.NodeBuilderFlags.NoTruncation | ts.NodeBuilderFlags.MultilineObjectLiterals
  | ts.NodeBuilderFlags.UseAliasDefinedOutsideCurrentScope | ts.NodeBuilderFlags.InTypeAlias
const printer = ts.createPrinter({ removeComments: true })

/** A type as people read it: paths of the machine and of node_modules cut out. */
const printType = (checker: ts.TypeChecker, type: ts.Type, at: ts.Node): string => {
  const node = checker.typeToTypeNode(type, at, format)
  if (!node) return checker.typeToString(type)
  return printer.printNode(ts.EmitHint.Unspecified, node, at.getSourceFile()).replace(/import\("[^"]*"\)\./g, '')
}

const isPublicMember = (member: ts.ClassElement): boolean => {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
  return !(member.name && ts.isPrivateIdentifier(member.name)) && (ts.getCombinedModifierFlags(member) & hidden) === 0
}

const printMember = (checker: ts.TypeChecker, member: ts.ClassElement): string => {
  if (ts.isConstructorDeclaration(member)) {
    return `constructor(${member.parameters.map(parameter => parameter.getText()).join(', ')})`
  }
  const symbol = member.name && checker.getSymbolAtLocation(member.name)
  return symbol ? `${symbol.name}: ${printType(checker, checker.getTypeOfSymbolAtLocation(symbol, member), member)}` : member.getText()
}

const printClass = (checker: ts.TypeChecker, node: ts.ClassDeclaration): string => {
  const heritage = (node.heritageClauses ?? []).map(clause => ` ${clause.getText()}`).join('')
  const members = node.members.filter(isPublicMember).map(member => `  ${printMember(checker, member)}`)
  return `class ${node.name?.text ?? ''}${heritage} {\n${members.join('\n')}\n}`
}

const printSymbol = (checker: ts.TypeChecker, name: string, symbol: ts.Symbol): string => {
  const node = symbol.declarations?.[0]
  if (!node) return name
  if (ts.isClassDeclaration(node)) return printClass(checker, node)
  if (ts.isInterfaceDeclaration(node)) return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()).replace(/^export /, '')
  if (ts.isTypeAliasDeclaration(node)) {
    const parameters = node.typeParameters ? `<${node.typeParameters.map(parameter => parameter.getText()).join(', ')}>` : ''
    return `type ${name}${parameters} = ${printType(checker, checker.getDeclaredTypeOfSymbol(symbol), node)}`
  }
  const type = printType(checker, checker.getTypeOfSymbolAtLocation(symbol, node), node)
  return ts.isFunctionDeclaration(node) ? `function ${name}: ${type}` : `const ${name}: ${type}`
}

export interface ApiPage { text: string, undocumented: string[] }

const parsed = new Map<string, ts.SourceFile | undefined>()

/** Packages share most of what they import: every file is parsed once. */
const createHost = (options: ts.CompilerOptions): ts.CompilerHost => {
  const host = ts.createCompilerHost(options)
  return {
    ...host,
    getSourceFile: (name, ...rest) => {
      if (!parsed.has(name)) parsed.set(name, host.getSourceFile(name, ...rest))
      return parsed.get(name)
    },
  }
}

/** The page of one door: every exported name in order, its description and its signature. */
export const describeApi = (title: string, door: string, options: ts.CompilerOptions): ApiPage => {
  const program = ts.createProgram([door], { ...options, noEmit: true }, createHost(options))
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(door)
  const module = source && checker.getSymbolAtLocation(source)
  const undocumented: string[] = []
  const entries = (module ? checker.getExportsOfModule(module) : [])
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const doc = ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll('\n', ' ').trim()
      if (doc === '') undocumented.push(exported.name)
      return `## ${exported.name}\n\n${doc}\n\n\`\`\`ts\n${printSymbol(checker, exported.name, symbol)}\n\`\`\`\n`
    })
  return { text: `# ${title}\n\nGenerated from the code by \`npm run check -- --write\`.\n\n${entries.join('\n')}`, undocumented }
}

const optionsOf = (folder: string): ts.CompilerOptions => {
  const file = path.join(folder, 'tsconfig.json')
  const read = ts.readConfigFile(file, name => ts.sys.readFile(name))
  return ts.parseJsonConfigFileContent(read.config, ts.sys, folder).options
}

if (import.meta.main) {
  const doors = readWorkspaces()
    .map(({ folder, manifest }) => ({ folder: path.join(repository, folder), name: manifest.name }))
    .filter(({ folder }) => existsSync(path.join(folder, 'src/index.ts')))
  const pages = new Map<string, string>()
  for (const { folder, name } of doors) {
    const page = describeApi(name, path.join(folder, 'src/index.ts'), optionsOf(folder))
    pages.set(`${name.split('/').at(-1)}.md`, page.text)
    for (const missing of page.undocumented) {
      console.error(`${name}: ${missing} is public and has no description`)
      process.exitCode = 1
    }
  }
  keepPages('docs/reference/api', pages, { owned: () => true })
}
