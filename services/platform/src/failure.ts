/** Turns what stops a start into one sentence. */

import { BackupError } from '@neo-stack/event-service'
import { ConfigError } from './config.ts'
import { CommandError } from './control.ts'
import { DatabaseError, DataFolderError, reasonOf } from './data-folder.ts'
import { PortalBuildError } from './build-portals.ts'

/** One sentence for a person about why the platform does not start. */
export function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof DataFolderError || error instanceof PortalBuildError || error instanceof DatabaseError || error instanceof BackupError || error instanceof CommandError) return error.message
  if (error instanceof Error && 'code' in error) {
    const { code, port, address } = error as { code: unknown, port?: unknown, address?: unknown }
    if (code === 'EADDRINUSE') return `Port ${String(port)} is taken by another process: stop it, or set PORT to another one (0 takes a free one).`
    if (code === 'EACCES') return `Port ${String(port)} may not be used without more rights: set PORT to one above 1023.`
    if (code === 'EADDRNOTAVAIL') return `HOST ${String(address)} is no address of this machine.`
  }
  return `The platform cannot start: ${reasonOf(error)}.`
}
