/**
 * dashboard/ui/dialog.ts: the dialog that asks before anything is changed and says what will happen. It stays open with
 * the reason if the balancer refuses the change.
 */
import { byId, el, setAttribute, setText, show } from './dom.js';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** A text below the field that explains it. */
  readonly hint?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface Question {
  readonly title: string;
  readonly lines: readonly string[];
  readonly fields?: readonly Field[];
  /** Text of the button that confirms. */
  readonly confirm: string;
  readonly dangerous?: boolean;
  /** Makes the change. @returns why it could not be made; `undefined` if it was */
  readonly submit: (values: Readonly<Record<string, string>>) => Promise<string | undefined>;
}

export class Dialog {
  readonly #element: HTMLDialogElement;
  readonly #form = el('form', { novalidate: '' });
  readonly #error = el('p', { class: 'dialog-error', role: 'alert' });
  readonly #confirm = el('button', { type: 'submit', class: 'button primary' });
  #inputs: readonly HTMLInputElement[] = [];
  #question: Question | undefined;

  constructor() {
    const element = byId('dialog');
    if (!(element instanceof HTMLDialogElement)) throw new TypeError('#dialog is no dialog');
    this.#element = element;
    element.append(this.#form);
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    // A click on the backdrop has the dialog itself as its target.
    element.addEventListener('click', (event) => {
      if (event.target === element) element.close();
    });
  }

  ask(question: Question): void {
    this.#question = question;
    const { title, lines, fields = [], confirm, dangerous = false } = question;
    this.#inputs = fields.map(({ name, value, attributes = {} }) =>
      el('input', { id: `field-${name}`, name, value, autocomplete: 'off', spellcheck: 'false', ...attributes }),
    );
    setText(this.#confirm, confirm);
    setAttribute(this.#confirm, 'data-dangerous', dangerous ? '' : undefined);
    this.#refuse(undefined);
    this.#busy(false);
    const cancel = el('button', { type: 'button', class: 'button' }, 'Cancel');
    cancel.addEventListener('click', () => this.#element.close());
    this.#form.replaceChildren(
      el('h2', { id: 'dialog-title' }, title),
      ...lines.map((line) => el('p', {}, line)),
      ...fields.map((field, index) => fieldOf(field, this.#inputs[index])),
      this.#error,
      el('div', { class: 'dialog-buttons' }, cancel, this.#confirm),
    );
    this.#element.showModal();
    this.#inputs[0]?.select();
    (this.#inputs[0] ?? (dangerous ? cancel : this.#confirm)).focus();
  }

  async #submit(): Promise<void> {
    const question = this.#question;
    if (question === undefined || this.#confirm.disabled) return;
    this.#busy(true);
    const values = Object.fromEntries(this.#inputs.map(({ name, value }) => [name, value.trim()]));
    const problem = await question.submit(values);
    this.#busy(false);
    // The dialog may have been closed, or shows another question by now.
    if (question !== this.#question || !this.#element.open) return;
    if (problem === undefined) this.#element.close();
    else this.#refuse(problem);
  }

  #busy(busy: boolean): void {
    this.#confirm.disabled = busy;
    setAttribute(this.#form, 'aria-busy', busy ? 'true' : undefined);
  }

  #refuse(problem: string | undefined): void {
    setText(this.#error, problem ?? '');
    show(this.#error, problem !== undefined);
  }
}

function fieldOf({ name, label, hint }: Field, input: HTMLInputElement | undefined): HTMLElement {
  const field = el('div', { class: 'field' }, el('label', { for: `field-${name}` }, label));
  if (input !== undefined) field.append(input);
  if (hint === undefined) return field;
  field.append(el('small', { id: `hint-${name}` }, hint));
  input?.setAttribute('aria-describedby', `hint-${name}`);
  return field;
}
