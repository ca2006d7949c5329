/** The texts that go with the error codes of queries. */

const TEXTS: Readonly<Record<number, string>> = {
  401: 'not-authorized',
  403: 'forbidden',
  404: 'item-not-found',
  406: 'not-acceptable',
  429: 'rate-overlimit',
  500: 'internal-server-error',
  501: 'feature-not-implemented',
  503: 'service-unavailable',
};

export function typeOfError(code: number): string {
  return TEXTS[code] ?? 'error';
}
