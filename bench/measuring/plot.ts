import type { Plot } from './benchmark.ts'

const width = 640
const height = 280
const left = 70
const right = 150
const top = 36
const bottom = 48
const colours = ['#2563eb', '#d97706', '#059669', '#db2777', '#7c3aed']

/** A line plot as SVG; readable on light and dark pages. */
export function plotSvg({ title, x, y, xLog, series }: Plot): string {
  const points = series.flatMap((each) => each.points)
  const xs = points.map(([value]) => (xLog ? Math.log10(value) : value))
  const most = Math.max(...points.map(([, value]) => value)) * 1.15
  const [from, to] = [Math.min(...xs), Math.max(...xs)]
  const atX = (value: number) =>
    left + (((xLog ? Math.log10(value) : value) - from) / (to - from || 1)) * (width - left - right)
  const atY = (value: number) => height - bottom - (value / most) * (height - top - bottom)
  const ticks = [...new Set(points.map(([value]) => value))].sort((a, b) => a - b)
  const parts = [
    text(left, 18, escaped(title), 'font-weight="600" font-size="13"'),
    text(left - 8, top - 6, escaped(y), 'text-anchor="end" font-size="11"'),
    text((left + width - right) / 2, height - 8, escaped(x), 'text-anchor="middle" font-size="11"'),
    ...ticks.map((value) =>
      text(atX(value), height - bottom + 16, short(value), 'text-anchor="middle" font-size="11"'),
    ),
    ...[0, 0.5, 1].flatMap((share) => {
      const value = (most / 1.15) * share
      return [
        `<line x1="${left}" x2="${width - right}" y1="${atY(value)}" y2="${atY(value)}" stroke="#8884"/>`,
        text(left - 8, atY(value) + 4, short(value), 'text-anchor="end" font-size="11"'),
      ]
    }),
    ...series.flatMap(({ name, points: own }, i) => {
      const colour = colours[i % colours.length]!
      const path = own.map(([px, py]) => `${atX(px).toFixed(1)},${atY(py).toFixed(1)}`).join(' ')
      const last = own.at(-1)
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...own.map(
          ([px, py]) => `<circle cx="${atX(px).toFixed(1)}" cy="${atY(py).toFixed(1)}" r="3" fill="${colour}"/>`,
        ),
        last
          ? `<text x="${atX(last[0]) + 8}" y="${atY(last[1]) + 4 + i * 2}" font-size="12" fill="${colour}">${escaped(name)}</text>`
          : '',
      ]
    }),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img" aria-label="${escaped(title)}">\n${parts.join('\n')}\n</svg>\n`
}

const text = (x: number, y: number, content: string, more: string): string =>
  `<text x="${x}" y="${y}" fill="#888" ${more}>${content}</text>`

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`
  return String(Number(value.toPrecision(3)))
}
