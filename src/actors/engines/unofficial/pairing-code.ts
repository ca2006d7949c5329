/**
 * Pairing codes on a pairing socket: asking WhatsApp for one after the first QR (facts/baileys §5.2), and a socket that
 * lives as long as the code.
 *
 * Baileys resolves when the request is written and ignores the answer, so the answer is read here: a code that WhatsApp
 * refused must not be shown to anybody.
 */
import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';

const ANSWER_MS = 15_000;
/** An hour: the library shows each for 20 s. */
const MORE_REFERENCES = 180;

export type CodeAnswer =
  /** `at`: when WhatsApp accepted it, epoch ms. */
  | { readonly kind: 'code'; readonly code: string; readonly at: number }
  | { readonly kind: 'refused'; readonly error: string }
  /** The socket was lost first; its end is reported on its own. */
  | { readonly kind: 'cut' };

type Socket = Pick<WASocket, 'requestPairingCode' | 'ws'>;

export async function askForCode(
  { requestPairingCode, ws }: Socket,
  digits: string,
  clock: Clock,
): Promise<CodeAnswer> {
  const accepted = 'CB:iq,,link_code_companion_reg';
  const refused = 'CB:iq,type:error';
  let settle: (answer: true | string) => void = () => undefined;
  const answered = new Promise<true | string>((resolve) => {
    settle = resolve;
  });
  const onAccepted = ({ attrs }: BinaryNode) => {
    if (attrs['type'] === 'result') settle(true);
  };
  const onRefused = (node: BinaryNode) => settle(errorOf(node));
  const timer = clock.setTimeout(() => settle('WhatsApp did not answer'), ANSWER_MS);
  ws.on(accepted, onAccepted);
  ws.on(refused, onRefused);
  try {
    const code = await requestPairingCode(digits);
    const answer = await answered;
    return answer === true ? { kind: 'code', code, at: clock.now() } : { kind: 'refused', error: answer };
  } catch (error) {
    if (!ws.isOpen) return { kind: 'cut' };
    return { kind: 'refused', error: error instanceof Error ? error.message : String(error) };
  } finally {
    clock.clearTimeout(timer);
    ws.off(accepted, onAccepted);
    ws.off(refused, onRefused);
  }
}

/**
 * The library ends a pairing socket when its QR references are used up, 160 s after the first (facts §5.1). A code may
 * be asked for at any moment of the 90 s for a scan and lives 180 s more (contract clients §5), and `qrTimeout` is read
 * before anybody knows that one will be wanted: so the last reference is shown again and again. When a pairing has taken
 * too long is the number machine's decision (machines/number-regions.ts, NR2).
 */
export function outliveReferences(ws: Pick<WASocket['ws'], 'prependListener'>): void {
  ws.prependListener('CB:iq,type:set,pair-device', ({ content }: BinaryNode) => {
    const device = Array.isArray(content) ? content.find(({ tag }) => tag === 'pair-device') : undefined;
    if (!device || !Array.isArray(device.content)) return;
    const last = device.content.findLast(({ tag }) => tag === 'ref');
    if (last) device.content.push(...Array.from({ length: MORE_REFERENCES }, () => last));
  });
}

function errorOf({ content }: BinaryNode): string {
  const error = Array.isArray(content) ? content.find(({ tag }) => tag === 'error') : undefined;
  const { text, code } = error?.attrs ?? {};
  return [text, code].filter((word) => word !== undefined).join(' ') || 'refused';
}
