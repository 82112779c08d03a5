/** test/tour/tour.ts: goes through the steps on a stage, and writes down what a person would see. */
import { eventually } from '../support/eventually.js';
import { Stage } from './stage.js';
import { STEPS, type Step } from './steps.js';

/** @returns the transcript in Markdown @throws {Error} when a step does not come to what it has to */
export async function takeTour(): Promise<string> {
  const stage = await Stage.set();
  const transcript = new Transcript();
  try {
    for (const step of STEPS) await take(step, stage, transcript);
  } finally {
    stage.strike();
  }
  return transcript.end();
}

async function take(step: Step, stage: Stage, transcript: Transcript): Promise<void> {
  if ('tell' in step) return transcript.tell(step.tell);
  if ('kill' in step) return stage.kill(step.kill);
  if ('ended' in step) return expectCode(await stage.ended(), 0, 'The balancer');
  if ('wait' in step) return until(step, stage);
  if ('type' in step) return type(step, stage, transcript);
  if ('start' in step) {
    stage.startBalancer(step.start);
    transcript.show(`$ ${step.start} &\n${await stage.logged(step.logs)}`);
    return;
  }
  transcript.show(await stage.logged(step.logs));
}

async function type(
  { type: command, shows, code: wanted = 0 }: Extract<Step, { type: string }>,
  stage: Stage,
  transcript: Transcript,
): Promise<void> {
  const signal = /^kill -(\w+) %1$/.exec(command)?.[1];
  const { output, code } = signal === undefined ? await stage.run(command) : stage.signal(signal);
  expectCode(code, wanted, command);
  if (!shows.test(output)) throw new Error(`"${command}" does not show ${shows} but "${output}"`);
  transcript.show(`$ ${command}\n${output}`);
}

async function until({ wait, shows }: Extract<Step, { wait: string }>, stage: Stage): Promise<void> {
  await eventually(`"${wait}" shows ${shows}`, async () => shows.test((await stage.run(wait)).output));
}

function expectCode(code: number, wanted: number, what: string): void {
  if (code !== wanted) throw new Error(`${what} ended with ${code}, not ${wanted}`);
}

/** What is shown one after the other stands in one block of text. */
class Transcript {
  #markdown = '';
  #isOpen = false;

  tell(text: string): void {
    this.#close();
    this.#markdown += `\n${text}\n`;
  }

  show(text: string): void {
    if (!this.#isOpen) this.#markdown += '\n```text\n';
    this.#isOpen = true;
    this.#markdown += text.endsWith('\n') ? text : `${text}\n`;
  }

  #close(): void {
    if (this.#isOpen) this.#markdown += '```\n';
    this.#isOpen = false;
  }

  end(): string {
    this.#close();
    return this.#markdown;
  }
}
