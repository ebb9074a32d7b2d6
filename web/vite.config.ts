import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** `npm run dev` beside a running server: pages from Vite, everything else from the server. */
const server = 'http://127.0.0.1:7070'

export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/v1': server, '/ws': { target: server, ws: true }, '/docs': server } },
})
