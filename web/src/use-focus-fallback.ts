import { type RefObject, useLayoutEffect, useRef } from 'react'

/** For a button that vanishes when it has worked: the keyboard then goes on at another one of the same device. */
export function useFocusFallback(selector: string): RefObject<HTMLButtonElement | null> {
  const ref = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => {
    const button = ref.current
    return () => {
      if (button !== document.activeElement) return
      button?.closest('.device')?.querySelector<HTMLElement>(selector)?.focus()
    }
  }, [selector])
  return ref
}
