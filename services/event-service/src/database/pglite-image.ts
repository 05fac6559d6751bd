/**
 * A data folder of PGlite as one piece of memory, taken after it ended cleanly: what opens it recovers nothing and unpacks nothing, it copies.
 */

import { MemoryFS } from '@electric-sql/pglite'

/** Where PGlite has its data folder. */
const ROOT = '/pglite/data'

/** A folder's files, one after the other, and where each of them stands. Immutable: every database that opens it has its own copy. */
export interface PgliteImage {
  bytes: Uint8Array
  /** Paths and modes, parents first. */
  folders: readonly (readonly [path: string, mode: number])[]
  files: readonly (readonly [path: string, mode: number, from: number, length: number])[]
}

/** A file system in memory that begins with an image, or becomes one when its database ends. */
export class ImageFolder extends MemoryFS {
  readonly #from: PgliteImage | undefined
  readonly #onEnd: ((image: PgliteImage) => void) | undefined

  /** @param onEnd told what the database left behind. @default nobody is */
  constructor(from: PgliteImage | undefined, onEnd?: (image: PgliteImage) => void) {
    super()
    this.#from = from
    this.#onEnd = onEnd
  }

  /** PGlite's own hook: fills the folder before anything looks at it. */
  override initialSyncFs(): Promise<void> {
    if (!this.#from) return Promise.resolve()
    const files = this.#files()
    // Not `slice`: of a Buffer that is the same memory.
    const bytes = new Uint8Array(this.#from.bytes)
    files.mkdirTree(ROOT, 0o700)
    for (const [path, mode] of this.#from.folders) files.mkdir(ROOT + path, mode)
    for (const [path, mode, from, length] of this.#from.files) files.writeFile(ROOT + path, bytes.subarray(from, from + length), { canOwn: true, mode })
    return Promise.resolve()
  }

  /** PGlite's own hook: nothing is written any more. */
  override async closeFs(): Promise<void> {
    this.#onEnd?.(pack(this.#files()))
    await super.closeFs()
  }

  #files(): Files {
    if (!this.pg) throw new TypeError('no database has taken this folder')
    return this.pg.Module.FS as unknown as Files
  }
}

/** What is used of Emscripten's files; its own types know neither modes nor ownership. */
interface Files {
  readdir: (path: string) => string[]
  stat: (path: string) => { mode: number }
  isDir: (mode: number) => boolean
  readFile: (path: string) => Uint8Array
  mkdir: (path: string, mode: number) => void
  mkdirTree: (path: string, mode: number) => void
  writeFile: (path: string, bytes: Uint8Array, options: { canOwn: boolean, mode: number }) => void
}

function pack(files: Files): PgliteImage {
  const folders: [string, number][] = []
  const found: [path: string, mode: number, bytes: Uint8Array][] = []
  const walk = (folder: string): void => {
    for (const path of files.readdir(ROOT + folder).filter(name => name !== '.' && name !== '..').map(name => `${folder}/${name}`)) {
      const { mode } = files.stat(ROOT + path)
      if (!files.isDir(mode)) {
        found.push([path, mode, files.readFile(ROOT + path)])
        continue
      }
      folders.push([path, mode])
      walk(path)
    }
  }
  walk('')
  let at = 0
  const placed = found.map(([path, mode, { length }]) => [path, mode, (at += length) - length, length] as const)
  const bytes = new Uint8Array(at)
  for (const [index, [, , from]] of placed.entries()) bytes.set(found[index]?.[2] ?? [], from)
  return { bytes, folders, files: placed }
}

/** As bytes for a file: a line that says where everything stands, then the contents. */
export function writeImage({ bytes, folders, files }: PgliteImage): Uint8Array[] {
  return [Buffer.from(`${JSON.stringify({ folders, files })}\n`), bytes]
}

/** Reads what {@link writeImage} wrote. @throws {SyntaxError} for bytes that are none */
export function readImage(file: Buffer): PgliteImage {
  const line = file.indexOf('\n')
  const index = JSON.parse(file.toString('utf8', 0, line)) as Omit<PgliteImage, 'bytes'>
  return { ...index, bytes: file.subarray(line + 1) }
}
