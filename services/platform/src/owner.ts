/** What the data folder's owner may tell a running process, and what a shared database shows of what was done to it. */

import { watchEpoch } from '@neo-stack/event-service'
import { createCommandHandler } from './backup.ts'
import { listenForCommands, type CommandHandler } from './control.ts'
import type { DataFolder } from './data-folder.ts'
import type { Again } from './keep-started.ts'
import type { Parts } from './parts.ts'

/** Listens until the returned function is called. A shared database is backed up and restored past the process, which follows. */
export async function listenToOwner(folder: DataFolder, { parts: { database, keys, logs }, isShared, again }: { parts: Parts, isShared: boolean, again: Again }): Promise<() => void> {
  const ofData: CommandHandler = isShared || !keys ? () => Promise.reject(new Error('The database is shared: work on it directly.')) : createCommandHandler({ folder, database, keys, again })
  const forget = isShared ? watchEpoch({ database, onReplaced: again, onFault: error => { logs.of('installation').error({ err: error }, 'the epoch of the log could not be read') } }) : undefined
  const listening = listenForCommands(folder.path, async (command, answer, isOver) => {
    if (command.do !== 'log') return ofData(command, answer, isOver)
    answer(command.level === undefined ? logs.levels() : logs.set({ level: command.level, module: command.module }))
  })
  // A shared database needs no socket, and a volume of the network may hold none.
  const close = await (isShared ? listening.catch((error: unknown) => {
    logs.of('installation').warn({ err: error }, 'commands of this folder are not heard')
    return () => undefined
  }) : listening)
  return () => {
    forget?.()
    close()
  }
}
