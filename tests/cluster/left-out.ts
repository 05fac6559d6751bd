import { findCentrifugo } from '@neo-stack/testing/centrifugo'

/** Whether the tests of this column are left out: a laptop without the real parts; in CI their absence fails. */
export const isLeftOut = 'missing' in findCentrifugo() && process.env['NEO_REQUIRE_ALL'] !== '1'
