/**
 * How the demo tells its story: numbered steps with what happens inside them, for a person or for a program.
 *
 * Invariants
 *  NA1  one `step` line per step; the last line of `--json` is the whole verdict.
 *  NA2  colours and moving lines only on a terminal, never with NO_COLOR.
 *  NA3  nothing secret is printed: callers say "QR scanned", never the QR.
 */
import { stdout } from 'node:process';

export type StepResult = { readonly name: string; readonly ok: boolean; readonly ms: number };

export interface Narrator {
  title(text: string): void;
  begin(number: number, name: string): void;
  /** Something worth seeing inside the current step. */
  note(text: string): void;
  end(result: StepResult, problem?: string): void;
  verdict(steps: readonly StepResult[]): void;
}

export function forPeople(): Narrator {
  const colours = stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const paint = (code: number) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const [bold, dim, red, green] = [paint(1), paint(2), paint(31), paint(32)];
  const print = (line: string) => stdout.write(`${line}\n`);
  return {
    title: (text) => print(`\n${bold(text)}\n`),
    begin: (number, name) => print(`${dim(String(number).padStart(2))}  ${bold(name)}`),
    note: (text) => print(`      ${text}`),
    end({ ok, ms }, problem) {
      print(
        `    ${ok ? green('✓') : red('✗')} ${dim(duration(ms))}${problem === undefined ? '' : `\n${red(problem)}`}\n`,
      );
    },
    verdict(steps) {
      const failed = steps.filter((step) => !step.ok);
      const total = duration(steps.reduce((sum, step) => sum + step.ms, 0));
      print(
        failed.length === 0
          ? green(`All ${steps.length} steps went well in ${total}.`)
          : red(`Failed: ${failed.map((step) => step.name).join(', ')}`),
      );
    },
  };
}

export function forPrograms(): Narrator {
  const print = (value: object) => stdout.write(`${JSON.stringify(value)}\n`);
  return {
    title: () => undefined,
    begin: () => undefined,
    note: () => undefined,
    end: (result, problem) =>
      print({ step: result.name, ok: result.ok, ms: result.ms, ...(problem === undefined ? {} : { problem }) }),
    verdict: (steps) => print({ ok: steps.every((step) => step.ok), steps }),
  };
}

export const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
