/** The isolation checker: nothing of one tenant in anything that another one received (RELIABILITY C16). */

/** Something received, as text: a frame, a body, headers. */
export interface Transcript {
  /** Where it came from, for example `globex: GET /v1/history 200`. */
  source: string
  text: string
}

/**
 * Lists each marker that stands in a transcript where it must not. A marker is any text that only the other tenant knows:
 * ids of users, instances and deployments, e-mails, words planted in its events.
 * @throws {TypeError} for a marker under 6 characters: it would be found by accident
 */
export function findLeaks(transcripts: readonly Transcript[], markers: readonly string[]): string[] {
  const short = markers.find(marker => marker.length < 6)
  if (short !== undefined) throw new TypeError(`the marker ${JSON.stringify(short)} is too short to prove anything`)
  return transcripts.flatMap(({ source, text }) => markers
    .filter(marker => text.includes(marker))
    .map(marker => `${source} tells ${JSON.stringify(marker)}: ${toContext(text, marker)}`))
}

function toContext(text: string, marker: string): string {
  const at = text.indexOf(marker)
  return text.slice(Math.max(0, at - 60), at + marker.length + 60)
}
