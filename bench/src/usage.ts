/** What a process uses, read from /proc; zero where there is none. */

import { readFile } from 'node:fs/promises'

/** Ticks per second of `/proc/<pid>/stat` on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** CPU seconds that a process has used so far, user and system. */
export async function readCpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND
}

/** Resident memory of a process in MiB. */
export async function readRssMiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024
}
