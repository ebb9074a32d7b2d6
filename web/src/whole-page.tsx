// What stands in the place of the demo while there is none.

export function Loading() {
  return (
    <main className="whole-page whole-page-late" aria-busy="true">
      <p>Loading …</p>
    </main>
  )
}

export function Failed({ message, onRetry }: { message: string; onRetry: () => void }) {
  return (
    <main className="whole-page">
      <div role="alert">
        <h1>The demo could not be loaded</h1>
        <p>{message}</p>
      </div>
      <button type="button" className="button button-strong" onClick={onRetry}>
        Try again
      </button>
    </main>
  )
}

export function NoDemo() {
  return (
    <main className="whole-page">
      <h1>This server has no demo</h1>
      <p>Demo logins exist only while a server runs with its development key.</p>
      <a className="button button-strong" href="/docs">
        Read the API reference
      </a>
    </main>
  )
}
