/** Programs the parts are: where they are on this machine, or how to get them. */

import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { findCentrifugo } from '@neo-stack/testing/centrifugo'

/** Paths of the programs. */
export interface Programs {
  postgres: string
  initdb: string
  redis: string
  nginx: string
  centrifugo: string
}

/** Something is missing or in the way; the message is for a person. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError'
}

/** Finds all programs. @throws {ClusterError} that names each missing one and how to get it */
export function findPrograms(searchPath: string): Programs {
  const centrifugo = findCentrifugo()
  const postgres = findPostgres(searchPath)
  const found = { postgres: postgres('postgres'), initdb: postgres('initdb'), redis: find('redis-server', searchPath), nginx: find('nginx', `${searchPath}:/usr/sbin`), centrifugo: 'path' in centrifugo ? centrifugo.path : undefined }
  const missing = [
    ...found.initdb && found.postgres ? [] : ['PostgreSQL 15 or newer is not installed: apt-get install postgresql.'],
    ...found.redis ? [] : ['Redis 6.2 or newer is not installed: apt-get install redis-server.'],
    ...found.nginx ? [] : ['nginx is not installed: apt-get install nginx-light.'],
    ...'missing' in centrifugo ? [`${centrifugo.missing}.`] : [],
  ]
  if (missing.length > 0) throw new ClusterError(missing.join('\n'))
  return found as Programs
}

function find(program: string, searchPath: string): string | undefined {
  return searchPath.split(':').map(folder => path.join(folder, program)).find(file => existsSync(file))
}

/** Debian keeps PostgreSQL's programs out of the path, a folder per version. */
function findPostgres(searchPath: string): (program: string) => string | undefined {
  const home = '/usr/lib/postgresql'
  const versions = existsSync(home) ? readdirSync(home).filter(version => Number(version) >= 15).sort((a, b) => Number(b) - Number(a)) : []
  return program => find(program, [...versions.map(version => path.join(home, version, 'bin')), searchPath].join(':'))
}
