/** A small HTTP client for load: kept-alive connections, as the app's dispatcher has, and nothing else. */
import { Agent, request } from 'node:http';

export class Poster {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #headers: Record<string, string>;

  constructor(url: string, token: string, connections: number) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#headers = { 'content-type': 'application/json', 'x-node-token': token };
  }

  /** Resolves to the status when the whole answer was read. */
  post(path: string, body: object): Promise<number> {
    const payload = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(`${this.#url}${path}`, {
        method: 'POST',
        agent: this.#agent,
        headers: { ...this.#headers, 'content-length': Buffer.byteLength(payload) },
      });
      outgoing.once('error', reject);
      outgoing.once('response', (answer) => {
        answer.resume();
        answer.once('error', reject);
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      });
      outgoing.end(payload);
    });
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }
}
