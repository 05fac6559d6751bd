/** The generated files of this folder, by name. Pure. */

import { createCentrifugoConfig } from '@neo-stack/event-service'
import { composePlace, createCompose } from './compose.ts'
import { createNginxConfig } from './nginx.ts'
import { namesOf } from './topology.ts'

/** Texts of `compose.yaml`, `centrifugo/config.json` and `nginx/nginx.conf`. */
export function generate(): Record<string, string> {
  const secret = 'secret'
  const place = composePlace({ databasePassword: secret, centrifugoDatabasePassword: secret, redisPassword: secret, centrifugoRedisPassword: secret, centrifugoApiKey: secret, metricsToken: secret })
  const at = (name: string): string => `${place.addressOf(name).host}:${place.addressOf(name).port}`
  return {
    'compose.yaml': createCompose(place),
    'centrifugo/config.json': `${JSON.stringify(createCentrifugoConfig(), null, 2)}\n`,
    'nginx/nginx.conf': createNginxConfig({ listen: '8080', eventServices: namesOf('event-service').map(at), centrifugos: namesOf('centrifugo').map(at), folder: '/tmp' }),
  }
}
