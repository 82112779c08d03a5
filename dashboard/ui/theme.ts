/** dashboard/ui/theme.ts: the light and the dark theme: that of the system, unless the other was chosen here. */
import { byId, setAttribute } from './dom.js';

const STORED_AS = 'roundhouse-theme';

export function bindTheme(): void {
  const button = byId('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = (): boolean => (localStorage.getItem(STORED_AS) ?? (system.matches ? 'dark' : 'light')) === 'dark';
  const apply = (): void => {
    setAttribute(document.documentElement, 'data-theme', localStorage.getItem(STORED_AS) ?? undefined);
    setAttribute(button, 'aria-label', isDark() ? 'Use the light theme' : 'Use the dark theme');
    setAttribute(button, 'data-shows', isDark() ? 'dark' : 'light');
  };
  button.addEventListener('click', () => {
    const wanted = isDark() ? 'light' : 'dark';
    // A choice equal to the system's theme is not stored, so that the page follows the system from then on.
    if (wanted === (system.matches ? 'dark' : 'light')) localStorage.removeItem(STORED_AS);
    else localStorage.setItem(STORED_AS, wanted);
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}
