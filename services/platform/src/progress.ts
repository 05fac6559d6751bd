/** What the terminal shows while the platform starts: one line a step with its time, then one block. */

/** Writes lines somewhere. */
export interface Terminal {
  write: (text: string) => void
  isInteractive: boolean
}

/** Runs a step and shows its name and how long it took. */
export async function showStep<T>(terminal: Terminal, name: string, run: () => T | Promise<T>, now: () => number = Date.now): Promise<T> {
  const started = now()
  if (terminal.isInteractive) terminal.write(`  … ${name}`)
  const result = await run()
  const line = `  ✓ ${name} (${((now() - started) / 1000).toFixed(1)} s)\n`
  terminal.write(terminal.isInteractive ? `\r${line}` : line)
  return result
}

/** A demo account or operator as the block shows it. */
export interface SignInRow {
  email: string
  password: string
  role: string
  tenantId: string
}

/** What the block at the end of the start says. */
export interface Welcome {
  url: string
  portals: readonly string[]
  signIns: readonly SignInRow[]
  dataDir: string
  isDemo: boolean
  /** Whether deployments are only shown. */
  isSimulated: boolean
  /** Whether this is one of several processes on a PostgreSQL, whose deployers are processes of their own. @default false */
  isShared?: boolean
  startedInMs: number
}

/** The block: addresses, sign-ins, where the data is, what is simulated. */
export function formatWelcome(welcome: Welcome): string {
  const width = Math.max(0, ...welcome.signIns.map(row => row.email.length))
  const lines = [
    `NEO_STACK Events is ready (${(welcome.startedInMs / 1000).toFixed(1)} s)`,
    '',
    ...welcome.portals.map(name => `  ${`${name} portal`.padEnd(16)} ${welcome.url}/${name}/`),
    `  ${'API'.padEnd(16)} ${welcome.url}/docs`,
    '',
    ...welcome.signIns.length > 0 ? ['  Sign in as'] : [],
    ...welcome.signIns.map(row => `    ${row.email.padEnd(width)}  ${row.password}  (${row.role}, ${row.tenantId})`),
    '',
    `  Data             ${welcome.dataDir}${welcome.isDemo ? '  (accounts and API keys: demo.json)' : ''}`,
    ...welcome.isShared ? shared : own(welcome),
    '',
    '  Ctrl+C stops.',
    '',
  ]
  return `\n${lines.join('\n')}`
}

const shared = [
  '  Durability       that of the PostgreSQL of DATABASE_URL, which holds everything but this folder\'s files',
  '  Deployments      by the deployers, processes of their own',
]

const own = ({ isSimulated }: Welcome): string[] => [
  '  Durability       safe against a killed process, not against power loss (embedded database)',
  isSimulated
    ? '  Simulated        deployments and their figures, labelled; the host\'s metrics are real'
    : '  Deployments      real containers over the Docker API',
]
