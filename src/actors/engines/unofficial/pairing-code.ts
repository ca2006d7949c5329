/**
 * Asks WhatsApp for a pairing code on a pairing socket, after its first QR (facts/baileys §5.2).
 *
 * Baileys resolves when the request is written and ignores the answer, so the answer is read here: a code that WhatsApp
 * refused must not be shown to anybody.
 */
import type { BinaryNode, WASocket } from '@whiskeysockets/baileys';
import type { Clock } from '../../../clock.ts';

const ANSWER_MS = 15_000;

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

function errorOf({ content }: BinaryNode): string {
  const error = Array.isArray(content) ? content.find(({ tag }) => tag === 'error') : undefined;
  const { text, code } = error?.attrs ?? {};
  return [text, code].filter((word) => word !== undefined).join(' ') || 'refused';
}
