/** Figures: samples of many tenants kept and told, questions over full tiers, and what a person's page does with them. */

import { chromiumPath } from '../browser.ts'
import { measureIngest, SERIES } from '../metrics/ingest.ts'
import { measurePage } from '../metrics/page.ts'
import { measurePanels, PANELS } from '../metrics/panels.ts'
import { measureQueries } from '../metrics/queries.ts'
import { WITH_THE_LOAD, type Scenario } from '../scenario.ts'

export const metrics: Scenario = {
  doc: `${SERIES} series at 1 Hz (--seconds 120 for two minutes), queries over full tiers, sample → pixel and condition true → alert in chromium, a page with ${PANELS} panels`,
  run: async context => {
    const ingest = await measureIngest(context)
    const rows = [...ingest.rows, ...(await measureQueries(context)).map(row => ({ ...row, cores: WITH_THE_LOAD }))]
    if (chromiumPath === undefined) return { rows, notes: [...ingest.notes ?? [], 'the pages were skipped: needs chromium'] }
    const page = await measurePage(context)
    return { rows: [...rows, ...page.rows, ...await measurePanels(context)], notes: [...new Set([...ingest.notes ?? [], ...page.notes ?? []])] }
  },
}
