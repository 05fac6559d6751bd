/** Databases for tests: each a copy of one that has the demonstration and all that the service makes when it starts, and is made once. */

import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createCopies, createEmbeddedRealtime, createEventService, imagePglite, readImage, seedDemo, writeImage, type Database, type PgliteImage, type Seeded } from '@neo-stack/event-service'

const root = new URL('../../../', import.meta.url)
/** Where the image is kept from one process to the next. */
const cache = new URL('node_modules/.cache/neo-testing/', root)
/** What names the versions of what made it, and what makes it: this file. */
const makers = [new URL('package-lock.json', root), new URL(import.meta.url)]
const sources = ['services/event-service/src/', 'packages/events/src/'].map(folder => new URL(folder, root))

/** How long an image is kept when a newer one is written: a day. */
const IMAGE_KEPT_MS = 86_400_000

/** Hashes that cost little and no limit on sign-ins: tests sign in often. */
export const cheap = { passwordCost: 4, authLimits: { signInPerAddress: { points: 100_000, seconds: 1 } } }

let template: Promise<Template> | undefined
const openCopy = createCopies(async () => (await (template ??= readTemplate())).image)

/** An image, and who may sign in to what stands in it. */
interface Template { image: PgliteImage, seeded: Seeded }

/** Opens a database of its own in memory. */
export async function openTestDatabase(): Promise<{ database: Database, seeded: Seeded }> {
  const database = await openCopy()
  return { database, seeded: (await (template ??= readTemplate())).seeded }
}

/** The image that another process has made of the same sources with the same packages, or a new one. One file: sign-ins are a line before the image. */
async function readTemplate(): Promise<Template> {
  const name = digestSources()
  if (name === undefined) return makeTemplate()
  const file = new URL(name, cache)
  const kept = await readFile(file).catch(() => undefined)
  const line = kept?.indexOf('\n') ?? 0
  if (kept) return { image: readImage(kept.subarray(line + 1)), seeded: JSON.parse(kept.toString('utf8', 0, line)) as Seeded }
  const { image, seeded } = await makeTemplate()
  // Whole or not at all: others may be reading. A folder that cannot be written costs the next process a few seconds.
  const draft = new URL(`${randomUUID()}.part`, cache)
  await mkdir(cache, { recursive: true }).then(async () => writeFile(draft, [`${JSON.stringify(seeded)}\n`, ...writeImage(image)]))
    .then(() => rename(draft, file)).then(removeOld).catch(() => undefined)
  return { image, seeded }
}

/** Removes the images of other sources, and drafts that nobody finished: nobody reads them any more. */
async function removeOld(): Promise<void> {
  for (const file of (await readdir(cache)).map(name => new URL(name, cache))) {
    if ((await stat(file)).mtimeMs < Date.now() - IMAGE_KEPT_MS) await rm(file, { force: true })
  }
}

/** Names the sources by what they hold; without promises, which for hundreds of small files take five times as long. @returns undefined where they cannot be read */
function digestSources(): string | undefined {
  try {
    const files = sources.flatMap(folder => readdirSync(folder, { recursive: true }).map(String).filter(name => name.endsWith('.ts')).sort().map(name => new URL(name, folder)))
    const hash = createHash('sha256')
    for (const file of [...makers, ...files]) hash.update(readFileSync(file))
    return hash.digest('hex').slice(0, 32)
  } catch {
    return undefined
  }
}

async function makeTemplate(): Promise<Template> {
  let seeded: Seeded = { users: [], apiKeys: [] }
  const image = await imagePglite(async database => {
    seeded = await seedDemo(database, cheap)
    const realtime = createEmbeddedRealtime({ jwks: () => ({ keys: [] }), isAllowed: () => true, spreadMs: 0 })
    await (await createEventService({ ...cheap, database, realtime })).close()
  }, { isForCopies: true })
  return { image, seeded }
}

/** What one database transaction added to the event log. */
export interface WrittenTransaction {
  /** PostgreSQL's number of it. */
  id: string
  /** Tenants whose events it wrote; more than one is a fault. */
  tenants: string[]
  channels: string[]
  events: number
}

/** Every transaction that added events, by the number PostgreSQL keeps with each row. */
export async function readTransactions(database: Database): Promise<WrittenTransaction[]> {
  const rows = await database.inSystem(tx => tx.selectFrom('events')
    // A system column, which the schema's types do not know.
    .select(({ cast, ref }) => ['tenant_id', 'channel', cast<string>(ref('xmin' as 'id'), 'text').as('transaction')]).execute())
  const grouped = Map.groupBy(rows, ({ transaction }) => transaction)
  return [...grouped].map(([id, group]) => ({
    id, tenants: [...new Set(group.map(row => row.tenant_id))], channels: [...new Set(group.map(row => row.channel))], events: group.length,
  }))
}
