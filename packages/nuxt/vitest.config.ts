import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineProject } from 'vitest/config'

export default defineProject({
  plugins: [
    vue(),
    // Icons come from the installed collection: a test asks no icon service.
    ui({
      router: false, dts: false, autoImport: { dts: false }, components: { dts: false },
      icon: { clientBundle: { scan: { globInclude: ['src/runtime/**/*.{vue,ts}'] } } },
    }),
  ],
  test: { name: 'nuxt', include: ['test/**/*.test.ts'], environment: 'happy-dom', setupFiles: ['test/canvas.ts'], server: { deps: { inline: ['@nuxt/ui'] } } },
})
