/** dashboard/ui/login.ts: the form for the token, for a balancer that requires one. */
import type { Session } from '../net/session.js';
import { byId, setAttribute, setText, show } from './dom.js';

export class Login {
  readonly #session: Session;
  readonly #opened: () => void;
  readonly #element = byId('login');
  readonly #input: HTMLInputElement;
  readonly #error = byId('login-error');

  /** @param opened called after a token was entered; the next request shows whether it is right */
  constructor(session: Session, opened: () => void) {
    this.#session = session;
    this.#opened = opened;
    const input = byId('token');
    if (!(input instanceof HTMLInputElement)) throw new TypeError('#token is no input');
    this.#input = input;
    byId('login-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId('sign-out').addEventListener('click', () => {
      session.close();
      opened();
    });
  }

  ask(): void {
    // A stored token was refused, so it is removed.
    this.#say(this.#session.hasToken ? 'That is not the token of this balancer.' : '');
    this.#session.close();
    show(this.#element, true);
    this.#input.focus();
  }

  hide(): void {
    show(this.#element, false);
    show(byId('sign-out'), this.#session.hasToken);
    this.#input.value = '';
  }

  #submit(): void {
    const token = this.#input.value.trim();
    // Only these characters can be sent in a header field.
    if (!/^[\x21-\x7e]+$/.test(token)) return this.#say('A token is one word of visible ASCII characters.');
    this.#say('');
    this.#session.open(token);
    this.#opened();
  }

  #say(problem: string): void {
    setText(this.#error, problem);
    show(this.#error, problem !== '');
    setAttribute(this.#input, 'aria-invalid', problem === '' ? undefined : 'true');
  }
}
