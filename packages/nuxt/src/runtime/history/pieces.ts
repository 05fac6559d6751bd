/** A highlight as pieces of text: it is shown as text, never as markup. Pure. */

/** A piece, and whether it is what was searched for. */
export interface Piece {
  text: string
  isFound: boolean
}

const ENTITIES: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&amp;': '&' }

/** Cuts a highlight of the service into pieces. */
export function toPieces(highlight: string): Piece[] {
  return highlight.split(/(<mark>.*?<\/mark>)/s).filter(part => part !== '').map(part => {
    const isFound = part.startsWith('<mark>') && part.endsWith('</mark>')
    const html = isFound ? part.slice('<mark>'.length, -'</mark>'.length) : part
    return { text: html.replaceAll(/&(?:lt|gt|quot|amp);/g, entity => ENTITIES[entity] ?? entity), isFound }
  })
}
