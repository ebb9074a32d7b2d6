import breadUrl from './pictures/bread.svg'
import lakeUrl from './pictures/lake.svg'

export interface DemoPost {
  readonly id: string
  readonly text: string
  readonly pictureUrl: string
  /** What somebody without an idea of their own writes below it, one after the other. */
  readonly comments: readonly string[]
}

/** What the chosen user has posted. */
export const demoPosts: readonly [DemoPost, ...DemoPost[]] = [
  {
    id: 'sunset',
    text: 'Sunset at the lake. The water was so still that the sky was there twice.',
    pictureUrl: lakeUrl,
    comments: ['So beautiful!', 'Which lake is this?', 'I can almost hear the quiet.', 'Take me along next time.'],
  },
  {
    id: 'bread',
    text: 'First sourdough that deserves the name. Three weeks, five bricks, one loaf.',
    pictureUrl: breadUrl,
    comments: ['That crust!', 'Recipe, please.', 'How long did it rise?', 'Save me a slice.'],
  },
]
