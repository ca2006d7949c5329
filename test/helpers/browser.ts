/**
 * A headless Chromium for the tests of pages, when the machine has one.
 *
 *  BW1  It reaches 127.0.0.1 only: no other name or address resolves, so a page cannot depend on the internet.
 *  BW2  No browser is no failure, but never a silent one: `NO_BROWSER` is what the test then prints.
 *
 * Deliberately not here: downloading a browser (playwright-core brings none), and what a page ought to show.
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];

export const NO_BROWSER = `no Chromium in ${PLACES.join(' or ')}: the page is not tested here`;

/** Playwright passes `--headless` itself. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Undefined when none is installed. The caller closes it. */
export async function startBrowser(): Promise<Browser | undefined> {
  const executablePath = PLACES.find((place) => existsSync(place));
  return executablePath === undefined ? undefined : chromium.launch({ executablePath, args: ARGS });
}
