// What HTTP alone costs: a node:http server that answers every request with the same bytes, and the same headers as the
// server. Argument: how many bytes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '../measuring/child.ts'

const body = Buffer.alloc(Number(process.argv[2]), 'x')

const server = createServer((_request, response) => {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
  })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => {
  serve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, {})
})
