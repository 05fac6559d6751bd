/** Redis users, each with the keys, channels and commands it needs and no more. Pure. */

import { redisAcl } from '@neo-stack/event-service'

/** Commands of Centrifugo's Redis engine: streams, presence and PUB/SUB, mostly in scripts. */
const CENTRIFUGO = 'resetchannels ~centrifugo* &centrifugo* +@pubsub +@scripting -script|kill -script|flush +@stream +@hash +@sortedset +@string +@read +del +expire +pexpire +exists +ping +hello +info +command +cluster|shards +cluster|slots +client|setname +client|tracking +client|no-evict -keys -@dangerous +info'

/** What a person does who looks after it (docs/runbooks): looks at clients and channels, and changes users – which is every right there is. */
const OPERATOR = 'resetkeys resetchannels -@all +@admin +@connection +client +pubsub +info'

/** The ACL file; the default user is off. */
export function createRedisUsers({ redisPassword, centrifugoRedisPassword, operatorRedisPassword }: Record<'redisPassword' | 'centrifugoRedisPassword' | 'operatorRedisPassword', string>): string {
  return [
    'user default off', `user events on >${redisPassword} ${redisAcl}`, `user centrifugo on >${centrifugoRedisPassword} ${CENTRIFUGO}`, `user operator on >${operatorRedisPassword} ${OPERATOR}`, '',
  ].join('\n')
}
