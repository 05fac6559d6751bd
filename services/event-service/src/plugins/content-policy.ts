/** Content security policies: scripts run from our own origin, or inline where their hash is known. Never 'unsafe-inline' scripts. */

import { createHash } from 'node:crypto'

/** What an answer that is no page may do: nothing. */
export const NO_CONTENT_POLICY = 'default-src \'none\'; frame-ancestors \'none\''

/** The policy of a page, over the hashes of its inline scripts. Styles are set by scripts at run time, which hashes can't foresee. */
export function pagePolicy(hashes: Iterable<string>): string {
  return [
    'default-src \'self\'', `script-src ${['\'self\'', ...hashes].join(' ')}`, 'style-src \'self\' \'unsafe-inline\'', 'img-src \'self\' data: blob:',
    'font-src \'self\' data:', 'connect-src \'self\'', 'worker-src \'self\' blob:', 'frame-ancestors \'none\'', 'base-uri \'self\'', 'form-action \'self\'', 'object-src \'none\'',
  ].join('; ')
}

/** Hashes of the inline scripts of a page, as a policy names them. */
export function scriptHashes(html: string): string[] {
  return [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)]
    .map(([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`)
}
