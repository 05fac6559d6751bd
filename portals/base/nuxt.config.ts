/** The layer every portal extends: theme, shell, sign-in, languages, error page. Generated statically, asks no other host for anything. */
import { fileURLToPath } from 'node:url'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** A data address: a favicon that is asked for nowhere. */
const favicon = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 32 32%22%3E%3Crect width=%2232%22 height=%2232%22 rx=%227%22 '
  + 'fill=%22%230b5a6b%22/%3E%3Cpath d=%22M6 17h5l3-8 5 15 3-7h4%22 fill=%22none%22 stroke=%22%23fff%22 stroke-width=%222.6%22 '
  + 'stroke-linecap=%22round%22 stroke-linejoin=%22round%22/%3E%3C/svg%3E'

/** How the pages are written out, and where the service is while developing. */
const nitro = {
  compressPublicAssets: { gzip: true, brotli: true },
  devProxy: Object.fromEntries(['/v1', '/connection'].map(path => [path, { target: `http://127.0.0.1:8080${path}`, ws: true, changeOrigin: false }])),
  prerender: { crawlLinks: false, routes: ['/'] },
}

/** While developing: a page that shows every page in each of its states. Nothing of it is in a built portal. */
const stories = {
  plugins: [here('./stories/plugin.ts')],
  hooks: { 'pages:extend': (pages: { name?: string | undefined, path: string, file?: string | undefined }[]) => { pages.push({ name: 'stories', path: '/stories', file: here('./stories/StoriesPage.vue') }) } },
}

export default defineNuxtConfig({
  $development: stories,
  compatibilityDate: '2026-01-01',
  modules: ['@nuxt/ui', '@neo-stack/nuxt'],
  ssr: false,
  devtools: { enabled: false },
  telemetry: false,
  css: [here('./app/assets/css/main.css')],
  spaLoadingTemplate: here('./app/spa-loading-template.html'),
  app: {
    head: {
      htmlAttrs: { lang: 'pt-BR' },
      viewport: 'width=device-width, initial-scale=1',
      link: [{ rel: 'icon', type: 'image/svg+xml', href: favicon }],
      meta: [{ name: 'robots', content: 'noindex' }],
    },
  },
  neoStack: { messages: [here('./messages')] },
  ui: { fonts: false, experimental: { componentDetection: ['Alert', 'App', 'Badge', 'Button', 'Empty', 'Icon', 'Input', 'Link', 'Modal', 'Skeleton', 'Toast'] } },
  colorMode: { preference: 'system', fallback: 'light', storageKey: 'neo-theme' },
  icon: {
    provider: 'none',
    fallbackToApi: false,
    serverBundle: false,
    clientBundle: {
      // Relative to the folder of each layer, the portal's own included.
      scan: {
        globInclude: ['app/**/*.{vue,ts}', here('../../packages/nuxt/src/runtime/**/*.{vue,ts}')],
        // The default list would leave out the layers once a folder outside of them is named.
        globExclude: ['**/node_modules/**', '**/.nuxt/**'],
      },
      // Names that the component library makes at run time.
      icons: ['lucide:x', 'lucide:loader-circle', 'lucide:check', 'lucide:chevron-down', 'lucide:chevron-right', 'lucide:arrow-up-right'],
    },
  },
  experimental: { payloadExtraction: false, appManifest: false },
  nitro,
  typescript: { strict: true, tsConfig: { compilerOptions: { noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, allowImportingTsExtensions: true } } },
})
