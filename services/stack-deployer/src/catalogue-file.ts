/** An operator's own catalogue, as a file gives it: images instead of the catalogue's own, and further stacks. Pure. */

import { instanceTypeSchema } from '@neo-stack/events'
import * as z from 'zod'
import type { Catalogue, CatalogueEntry } from './catalog/entry.ts'
import { inDependencyOrder } from './plan.ts'
import { deploymentSteps, type StepId } from './steps.ts'

const imageSchema = z.string().regex(/^[\w.:/@{}-]{1,255}$/, 'must be an image like registry.example/name:tag')
  .refine(image => image.includes('@') || /:[^/]+$/.test(image), 'must name a version after a colon')
const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lowercase letters, digits and hyphens, at most 40')
const wordSchema = z.string().regex(/^\w{1,64}$/, 'must be letters, digits and underscores')
const secondsSchema = z.number().positive().max(7200)
const commandSchema = z.array(z.string()).min(1)
const kindSchema = z.enum(['create', 'redeploy', 'rollback'])

/** Steps that run a command: the others are the driver's own. */
const commandSteps = ['init_database', 'run_migrations', 'install_modules', 'update_modules', 'collect_static', 'create_admin', 'init_security', 'load_rules'] as const satisfies readonly StepId[]

const runSchema = z.strictObject({ in: z.enum(['exec', 'once']), service: nameSchema, command: commandSchema })

const stepSchema = z.strictObject({
  id: z.enum(commandSteps),
  params: z.record(wordSchema, z.union([z.string(), z.number()])).default({}),
  weight: secondsSchema.default(10),
  kinds: z.array(kindSchema).min(1).default(['create']),
  run: runSchema,
}).superRefine(({ id, params }, context) => {
  for (const [, name = ''] of deploymentSteps[id].matchAll(/\{(\w+)\}/g)) {
    if (!Object.hasOwn(params, name)) context.addIssue({ code: 'custom', path: ['params', name], message: `is shown by the step ${id} and missing` })
  }
})

const containerSchema = z.strictObject({
  command: commandSchema.optional(),
  environment: z.record(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable'), z.string()).default({}),
  secrets: z.array(wordSchema).default([]),
  mounts: z.record(nameSchema, z.string().startsWith('/', 'must be an absolute path')).default({}),
  probe: z.strictObject({ command: commandSchema, seconds: secondsSchema }).optional(),
  memoryMiB: z.int().min(16),
  cpus: z.number().positive(),
})

const serviceSchema = z.strictObject({
  name: nameSchema,
  image: imageSchema,
  pull: secondsSchema.default(30),
  start: secondsSchema.default(10),
  port: z.int().min(0).max(65_535).default(0),
  needs: z.array(nameSchema).default([]),
  container: containerSchema,
  before: z.array(stepSchema).default([]),
  after: z.array(stepSchema).default([]),
})

const patternSchema = z.string().transform((text, context) => {
  try {
    return new RegExp(`^(?:${text})$`)
  } catch {
    context.addIssue({ code: 'custom', message: 'must be a regular expression' })
    return z.NEVER
  }
})

const stackSchema = z.strictObject({
  label: z.string().min(1).max(60),
  front: nameSchema,
  health: secondsSchema.default(10),
  config: z.record(wordSchema, z.strictObject({ default: z.string(), pattern: patternSchema })).default({}),
  admin: z.strictObject({ user: z.string().min(1), secret: wordSchema }).optional(),
  certificates: runSchema.optional(),
  services: z.array(serviceSchema).min(1).max(12),
}).superRefine((stack, context) => {
  for (const { path, message } of faultsOf(stack)) context.addIssue({ code: 'custom', path, message })
})

const fileSchema = z.strictObject({
  images: z.record(z.string(), z.record(z.string(), imageSchema)).default({}),
  stacks: z.record(instanceTypeSchema, stackSchema).default({}),
})

/** What an operator's file holds; docs/guide/containers.md shows one. */
export interface CatalogueFile {
  /** An image per service of a stack. */
  images?: Record<string, Record<string, string>>
  /** Stacks by their names; what is missing in one has a default. */
  stacks?: Record<string, object>
}

interface Fault { path: PropertyKey[], message: string }

type GivenStack = Pick<CatalogueEntry, 'front' | 'config' | 'certificates' | 'services'>

/** What only the whole stack can tell: names that lead nowhere, and services that need each other. */
function faultsOf({ front, config, certificates, services }: GivenStack): Fault[] {
  const names = services.map(({ name }) => name)
  const has = `the stack has ${names.join(', ')}`
  const named = (path: PropertyKey[], name: string): Fault[] => names.includes(name) ? [] : [{ path, message: `there is no service ${name}; ${has}` }]
  const faults = services.flatMap((service, index): Fault[] => [
    ...names.indexOf(service.name) < index ? [{ path: ['services', index, 'name'], message: `there are two services ${service.name}` }] : [],
    ...service.needs.flatMap((need, at) => named(['services', index, 'needs', at], need)),
    ...(['before', 'after'] as const).flatMap(when => service[when].flatMap(({ run }, at) => named(['services', index, when, at, 'run', 'service'], run.service))),
    ...fieldsIn(service.image).filter(field => !Object.hasOwn(config, field)).map(field => ({ path: ['services', index, 'image'], message: `there is no field ${field} in config` })),
  ])
  faults.push(...named(['front'], front), ...certificates ? named(['certificates', 'service'], certificates.service) : [], ...repeatsOf(services))
  if (services.find(({ name }) => name === front)?.port === 0) faults.push({ path: ['front'], message: `the service ${front} has no port to be reached at` })
  for (const [field, { default: value, pattern }] of Object.entries(config)) {
    if (!pattern.test(value)) faults.push({ path: ['config', field, 'default'], message: 'does not fit the pattern' })
  }
  return faults.length > 0 ? faults : cyclesOf(services)
}

const fieldsIn = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

/** A deployment is continued by the name of its step: a plan has each command once. */
function repeatsOf(services: GivenStack['services']): Fault[] {
  const steps = services.flatMap((service, index) => (['before', 'after'] as const).flatMap(when =>
    service[when].flatMap(({ id, kinds }, at) => kinds.map(kind => ({ path: ['services', index, when, at, 'id'], key: `${id} ${kind}`, id })))))
  return steps.filter(({ key }, index) => steps.findIndex(other => other.key === key) < index).map(({ path, id }) => ({ path, message: `the step ${id} occurs twice` }))
}

function cyclesOf(services: GivenStack['services']): Fault[] {
  try {
    inDependencyOrder(services)
    return []
  } catch (error) {
    return [{ path: ['services'], message: (error as Error).message }]
  }
}

/**
 * The catalogue with an operator's images and stacks; a stack of a known name takes the place of the catalogue's. `{version}` and other
 * fields of the configuration are filled in as in the catalogue's own.
 * @throws {TypeError} with one sentence that names the place and what is wrong there
 */
export function readCatalogueFile(catalogue: Catalogue, given: unknown): Catalogue {
  const parsed = fileSchema.safeParse(given)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new TypeError(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not valid'}`)
  }
  const { images, stacks } = parsed.data
  const own = Object.entries(stacks).map(([type, stack]): [string, CatalogueEntry] => [type, { ...stack, type }])
  const all: Catalogue = { ...catalogue, ...Object.fromEntries(own) }
  const unknown = Object.keys(images).find(type => !Object.hasOwn(all, type))
  if (unknown !== undefined) throw new TypeError(`images.${unknown}: there is no such stack; there are ${Object.keys(all).join(', ')}`)
  return Object.fromEntries(Object.entries(all).map(([type, entry]) => [type, withImages(entry, images[type] ?? {})]))
}

function withImages(entry: CatalogueEntry, images: Readonly<Record<string, string>>): CatalogueEntry {
  const unknown = Object.keys(images).find(name => !entry.services.some(service => service.name === name))
  if (unknown !== undefined) {
    throw new TypeError(`images.${entry.type}.${unknown}: the stack has no such service; it has ${entry.services.map(({ name }) => name).join(', ')}`)
  }
  return { ...entry, services: entry.services.map(service => ({ ...service, image: images[service.name] ?? service.image })) }
}
