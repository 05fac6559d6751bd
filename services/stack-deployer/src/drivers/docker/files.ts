/** Puts files into a container that is made but not started yet. */

import type Docker from 'dockerode'
import { pack } from 'tar-stream'

/** Puts files under a folder, readable by everybody in the container and nobody outside. */
export async function putFiles(container: Docker.Container, folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name: `${folder}/${name}`.replace(/^\//, ''), mode: 0o444 }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  await container.putArchive(Buffer.concat(chunks), { path: '/' })
}
