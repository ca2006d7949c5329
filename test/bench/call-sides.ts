/** The other sides of calls in a measurement: processes of their own (call-peer-process.ts), and what they tell. */
import { z } from 'zod';
import { call } from '../helpers/json-http.ts';
import { Process, START_MS } from '../helpers/process.ts';
import { program } from '../helpers/programs.ts';

/** `meta`: callers without a pause; `talkers`: Meta's side, too, whose callers speak in turns. */
export type SideName = 'meta' | 'talkers' | 'models' | 'speech';

const ready = z.object({ control: z.string(), url: z.string(), secret: z.string() });
const samples = z.array(z.number());
const listened = z.object({
  packets: z.number(),
  /** Of relayed packets, ms from the other side to this one. */
  ways: samples,
  /** Of spoken ones: how much later each is than the beat of its utterance. */
  late: samples,
  /** From a caller's last word to the first packet of the answer. */
  answers: samples,
  seconds: z.number(),
  loop: z.object({ busy: z.number(), p50: z.number(), p99: z.number() }),
});
export type Listened = z.infer<typeof listened>;

export class Side {
  readonly url: string;
  /** Token or key that it takes. */
  readonly secret: string;
  readonly #control: string;
  readonly #process: Process;

  private constructor(process: Process, { control, url, secret }: z.infer<typeof ready>) {
    this.#process = process;
    this.#control = control;
    this.url = url;
    this.secret = secret;
  }

  static async start(side: SideName, cwd: string): Promise<Side> {
    const args = [program('test/bench/call-peer-process.ts'), side];
    const process = new Process({ args, cwd, output: `${cwd}/${side}.txt` });
    return new Side(process, ready.parse(JSON.parse(await process.line(/^\{"control":/, START_MS))));
  }

  async ask(path: string, method: 'GET' | 'POST', timeoutMs = 30_000): Promise<unknown> {
    const { status, body } = await call(`${this.#control}/${path}`, { method, timeoutMs });
    if (status !== 200) throw new Error(`${path} was answered ${status}`);
    return body;
  }

  async listen(seconds: number): Promise<Listened> {
    return listened.parse(await this.ask(`listen/${seconds}`, 'POST', seconds * 1_000 + 30_000));
  }

  async stop(): Promise<void> {
    await this.#process.kill9();
  }
}
