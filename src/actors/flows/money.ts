/** Prices as people read them. */

/** `minor`: cents, or whatever the smallest unit of the currency is. */
export function priceText(minor: number, currency: string): string {
  const code = currency.trim().toUpperCase();
  const isCode = /^[A-Z]{3}$/.test(code);
  const decimals = isCode ? decimalsOf(code) : 2;
  const amount = (minor / 10 ** decimals).toFixed(decimals);
  return isCode ? `${amount} ${code}` : amount;
}

const decimalsOf = (code: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2;
