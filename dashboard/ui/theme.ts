/** dashboard/ui/theme.ts: light or dark: as the system has it until somebody wants the other. */
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
    // What the system has anyway need not be remembered, and follows the system from then on.
    if (wanted === (system.matches ? 'dark' : 'light')) localStorage.removeItem(STORED_AS);
    else localStorage.setItem(STORED_AS, wanted);
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}
