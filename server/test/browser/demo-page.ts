import type { Locator, Page } from 'playwright-core'
import { eventually } from './eventually.ts'

export type Kind = 'phone' | 'laptop'

export interface ShownGroup {
  readonly summary: string
  readonly preview: string | null
  readonly isUnread: boolean
}

/** What a person sees on one of the two devices. */
export interface ShownDevice {
  readonly connection: string
  /** As the bell says it to a screen reader. */
  readonly unread: number
  /** As it stands on the bell; `null` when there is none. */
  readonly badge: string | null
  /** Whether the badge is red: something has not been seen. */
  readonly isRinging: boolean
  readonly groups: readonly ShownGroup[]
}

/** The page at `/` in words of the people who use it. */
export class DemoPage {
  readonly page: Page
  readonly #user: string

  constructor(page: Page, user = 'Carol') {
    this.page = page
    this.#user = user
  }

  device(kind: Kind): Locator {
    return this.page.locator('section', { has: this.page.getByRole('heading', { name: `${this.#user}’s ${kind}` }) })
  }

  bell(kind: Kind): Locator {
    return this.device(kind).getByRole('button', { name: /^Notifications,/ })
  }

  group(kind: Kind, summary: string | RegExp): Locator {
    return this.device(kind).locator('.group-main').filter({ hasText: summary })
  }

  /** What says that a deed failed, whichever of the three is looked at. */
  toast(): Locator {
    return this.page.locator('.toast')
  }

  stage(): Locator {
    return this.page.locator('section', { has: this.page.getByRole('heading', { name: 'Everyone else' }) })
  }

  post(which: 'lake' | 'bread'): Locator {
    return this.stage()
      .getByRole('article')
      .filter({ hasText: which === 'lake' ? 'Sunset' : 'sourdough' })
  }

  person(): Locator {
    return this.stage()
      .getByRole('article')
      .filter({ has: this.page.getByRole('button', { name: 'Mention' }) })
  }

  async actAs(name: string): Promise<void> {
    await this.stage().getByRole('radio', { name }).check()
  }

  async shown(kind: Kind): Promise<ShownDevice> {
    return this.device(kind).evaluate((section) => {
      const textOf = (root: Element, selector: string) => root.querySelector(selector)?.textContent ?? null
      const badge = section.querySelector('.bell .badge')
      return {
        connection: textOf(section, '.connection') ?? '',
        unread: Number(/\d+/.exec(section.querySelector('.bell')?.getAttribute('aria-label') ?? '')?.[0]),
        badge: badge?.textContent ?? null,
        isRinging: badge?.classList.contains('badge-ringing') ?? false,
        groups: [...section.querySelectorAll('.group')].map((group) => ({
          summary: textOf(group, '.summary') ?? '',
          preview: textOf(group, '.preview'),
          isUnread: group.textContent?.startsWith('Unread') || group.classList.contains('group-unread'),
        })),
      }
    })
  }

  async summaries(kind: Kind): Promise<readonly string[]> {
    return (await this.shown(kind)).groups.map(({ summary }) => summary)
  }

  /** Waits until both devices are connected and have their lists. */
  async live(): Promise<void> {
    for (const kind of ['phone', 'laptop'] as const) {
      await eventually(`${kind} is live`, async () => (await this.shown(kind)).connection, 'Live')
      await this.device(kind).locator('.empty, .scroller').first().waitFor({ state: 'attached' })
    }
  }

  /** Waits until both devices show these summaries, newest first, and this many unread groups on their bells. */
  async both(unread: number, summaries: readonly string[]): Promise<void> {
    for (const kind of ['phone', 'laptop'] as const) await this.showing(kind, unread, summaries)
  }

  async showing(kind: Kind, unread: number, summaries: readonly string[]): Promise<void> {
    const expected = { unread, badge: unread === 0 ? null : String(unread), summaries }
    await eventually(
      `what the ${kind} shows`,
      async () => {
        const { groups, ...bell } = await this.shown(kind)
        return { unread: bell.unread, badge: bell.badge, summaries: groups.map(({ summary }) => summary) }
      },
      expected,
    )
  }
}
