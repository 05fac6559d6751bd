/**
 * ESLint rule: inside a transaction only the transaction's own handle is used. PGlite has one connection, so awaiting any other
 * handle there waits for the transaction that waits for it: the whole process hangs. Jobs go through the transaction's executor
 * (`boss.send(queue, data, { db })`), and no transaction awaits the network or time.
 */
import type { Rule, Scope } from 'eslint'
import type { CallExpression, Identifier, MemberExpression, Node } from 'estree'

const openers = new Set(['inTenant', 'inSystem'])
const handles = new Set(['database', 'db', 'kysely', 'pglite', 'pool'])
const waits = new Set(['fetch', 'setTimeout', 'sleep', 'delay'])

type Callback = Node & { type: 'ArrowFunctionExpression' | 'FunctionExpression' }

const propertyName = (node: Node): string | undefined =>
  node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier' ? node.property.name : undefined

/** `database.inTenant(…)`, `inSystem(…)` or `….transaction()….execute(…)`. */
const opensTransaction = (call: CallExpression): boolean => {
  if (call.callee.type === 'Identifier') return openers.has(call.callee.name)
  const name = propertyName(call.callee)
  if (name !== undefined && openers.has(name)) return true
  return name === 'execute' && chainNames((call.callee as MemberExpression).object).includes('transaction')
}

/** The method names of a call chain, last one first: `a.b().c()` → ['c', 'b']. */
const chainNames = (node: Node): string[] => {
  if (node.type !== 'CallExpression') return []
  const name = propertyName(node.callee)
  return name === undefined ? [] : [name, ...chainNames((node.callee as MemberExpression).object)]
}

const isCallback = (node: Node): node is Callback =>
  node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression'

/** Jobs sent through the transaction name its executor: an argument `{ db: … }` or `{ db }`. */
const namesExecutor = (call: CallExpression): boolean => call.arguments.some(argument =>
  argument.type === 'ObjectExpression' && argument.properties.some(property =>
    property.type === 'SpreadElement' || (property.key.type === 'Identifier' && property.key.name === 'db')))

const sendsJob = (call: CallExpression): boolean => {
  if (call.callee.type !== 'MemberExpression') return false
  const owner = call.callee.object
  const ownerName = owner.type === 'Identifier' ? owner.name : propertyName(owner)
  return ownerName === 'boss' && ['send', 'insert', 'sendAfter', 'cancel'].includes(propertyName(call.callee) ?? '')
}

const isWithin = (node: Node, outer: Node): boolean =>
  node.range !== undefined && outer.range !== undefined && node.range[0] >= outer.range[0] && node.range[1] <= outer.range[1]

/** A name that the callback itself declares (its parameter) is the transaction's handle, whatever it is called. */
const isOwn = (reference: Scope.Reference, callback: Callback): boolean =>
  reference.resolved?.defs.some(definition => isWithin(definition.name as Node, callback)) ?? false

export const oneHandle: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      handle: '\'{{name}}\' is another database handle: awaiting it inside a transaction hangs the process. Use the transaction\'s own.',
      job: 'Send the job through this transaction: give { db } with the transaction\'s executor.',
      wait: 'A transaction awaits neither network nor time: do \'{{name}}\' before or after it.',
      nested: 'A transaction inside a transaction waits for itself: pass the handle you have.',
    },
  },
  create(context) {
    const open: Callback[] = []

    const reportNames = (callback: Callback): void => {
      for (const reference of referencesIn(context.sourceCode.getScope(callback))) {
        const { name } = reference.identifier as Identifier
        const node = reference.identifier as Rule.Node
        if (isOwn(reference, callback) || isMethodOwner(node) || isPlainRead(node)) continue
        if (handles.has(name)) context.report({ node, messageId: 'handle', data: { name } })
        if (waits.has(name)) context.report({ node, messageId: 'wait', data: { name } })
      }
    }

    const enter = (node: Callback & Rule.NodeParentExtension): void => {
      const { parent } = node
      if (parent.type !== 'CallExpression' || !parent.arguments.includes(node as never) || !opensTransaction(parent)) return
      if (open.length === 0) reportNames(node)
      open.push(node)
    }
    const leave = (node: Node): void => {
      if (open.at(-1) === node) open.pop()
    }

    return {
      'ArrowFunctionExpression': enter,
      'FunctionExpression': enter,
      'ArrowFunctionExpression:exit': leave,
      'FunctionExpression:exit': leave,
      CallExpression(node) {
        if (open.length === 0) return
        if (opensTransaction(node) && node.arguments.some(isCallback)) context.report({ node, messageId: 'nested' })
        if (sendsJob(node) && !namesExecutor(node)) context.report({ node, messageId: 'job' })
      },
      MemberExpression(node) {
        const name = propertyName(node)
        if (open.length === 0 || name === undefined || !handles.has(name) || isMethodOwner(node)) return
        context.report({ node, messageId: 'handle', data: { name } })
      },
    }
  },
}

/** `database.inTenant(…)` inside a transaction is reported once, as nested. */
const isMethodOwner = ({ parent }: Rule.Node): boolean =>
  parent?.type === 'MemberExpression' && openers.has(propertyName(parent) ?? '')

/** `database.logEpoch`: a value beside the handle, nothing to wait for. */
const isPlainRead = ({ parent }: Rule.Node): boolean => {
  if (parent?.type !== 'MemberExpression' || parent.computed) return false
  const user = (parent as Rule.Node).parent
  return user?.type !== 'MemberExpression' && !(user?.type === 'CallExpression' && user.callee === parent)
}

const referencesIn = (scope: Scope.Scope): Scope.Reference[] =>
  [...scope.references, ...scope.childScopes.flatMap(referencesIn)]
