/** What the command palette offers and how it is found. Pure. */

/** Something to do, or a page to go to. */
export interface Command {
  id: string
  label: string
  icon: string
  /** Where it leads. */
  to?: string
  run?: () => void
  /** Keys that do the same, one after the other. */
  keys?: readonly string[]
}

/** Without case and accents. */
const toPlain = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase()

/** Commands whose label has all the words in it, those that begin with what was typed first. */
export function findCommands(commands: readonly Command[], typed: string): readonly Command[] {
  const words = toPlain(typed).split(/\s+/).filter(Boolean)
  const found = commands.filter(({ label }) => words.every(word => toPlain(label).includes(word)))
  const isFirst = ({ label }: Command): boolean => words.length > 0 && toPlain(label).startsWith(words[0] ?? '')
  return [...found.filter(isFirst), ...found.filter(one => !isFirst(one))]
}

/** The command that these keys mean, `wait` while more keys may follow, `undefined` for none. */
export function matchKeys(commands: readonly Command[], pressed: readonly string[]): Command | 'wait' | undefined {
  const isStart = ({ keys = [] }: Command): boolean => pressed.length <= keys.length && pressed.every((key, index) => keys[index] === key)
  const exact = commands.find(command => isStart(command) && command.keys?.length === pressed.length)
  return exact ?? (commands.some(isStart) ? 'wait' : undefined)
}

/** Whether keys typed into this element mean text. */
export function isTyping(target: { tagName?: string, isContentEditable?: boolean } | null): boolean {
  return ['INPUT', 'TEXTAREA', 'SELECT'].includes(target?.tagName ?? '') || target?.isContentEditable === true
}
