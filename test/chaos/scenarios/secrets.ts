/**
 * P11: a whole life at the default log level – pairing by QR and by code, traffic, refused calls, a kill, a restart, a
 * stop – and then a search of every byte that was printed or logged for every secret of it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { AppLog } from '../../helpers/app-log.ts';
import { audit } from '../../helpers/audit.ts';
import { valuesOfLogin } from '../../helpers/saved-login.ts';
import { Secrets } from '../../helpers/secrets.ts';
import { Traffic } from '../../helpers/traffic.ts';
import { type Scenario, together } from '../scenario.ts';

const BY_QR = '4915700000091';
const BY_CODE = '4915700000092';
const PHONES = [BY_QR, BY_CODE];

export const secrets: Scenario = {
  name: 'secrets',
  shows: 'no token, QR string, code, text, whole number or key in anything that is printed or logged',
  rounds: { short: 1, long: 3 },
  async run({ stage, random, rounds, say }) {
    const { world } = stage;
    const known = new Secrets();
    const bridge = await stage.bridge();
    known.text('token', bridge.token);

    for (const phone of PHONES) {
      await world.addPhone(phone);
      known.text('number', phone);
    }
    const qr = await bridge.qr(BY_QR);
    known.text('QR string', qr);
    for (const key of qr.split(',').filter((part) => part.length > 20)) known.text('part of a QR string', key);
    await world.scan(BY_QR, qr);
    const code = await bridge.pairingCode(BY_CODE);
    known.text('pairing code', code);
    known.text('pairing code', `${code.slice(0, 4)}-${code.slice(4)}`);
    await world.enterCode(BY_CODE, code);
    await bridge.allConnected(PHONES, 20_000);

    const appLog = await AppLog.fromNow(world);
    const traffic = new Traffic({ world, bridge, numbers: PHONES, random });
    for (let round = 1; round <= rounds; round += 1) {
      for (const conversation of traffic.conversations) {
        await traffic.inject(conversation);
        await traffic.send(conversation);
      }
      await bridge.call(`/api/client-status/${BY_QR}`, { headers: { 'X-Node-Token': `${bridge.token}-wrong` } });
      await bridge.call(`/api/send-message/${BY_QR}`, { body: `{"message":"${traffic.sent[0]?.text}` });
      await bridge.sendText('4915799999999', { to: BY_CODE, text: 'from a number that is not paired' });
      known.text('text', 'from a number that is not paired');
      await bridge.kill9();
      await bridge.restart();
      await bridge.allConnected(PHONES, 20_000);
    }
    const verdict = await audit({ world, bridge, traffic, appLog, numbers: PHONES });
    await bridge.stop();

    for (const { text } of [...traffic.injected, ...traffic.sent]) known.text('text', text);
    for (const { contact } of traffic.conversations) known.text('number', contact);
    for (const digits of readdirSync(bridge.authDir).filter((name) => /^\d+$/.test(name))) {
      for (const value of await valuesOfLogin(`${bridge.authDir}/${digits}`)) known.keysIn('key material', value);
    }
    const files = [bridge.output, bridge.logFile].filter((file) => existsSync(file));
    const findings = known.search(files);
    const problems = findings.map(({ kind, file, line }) => `${kind} in line ${line} of ${file.split('/').at(-1)}`);
    // Proof that the search looked at the right place: last digits may be logged, and are.
    if (!bridge.process.printed().includes(BY_QR.slice(-4)))
      problems.push('nothing about the number was printed at all');
    say(`${known.count} forms of secrets searched for in ${files.length} files`);
    return together(
      { counts: { 'forms searched for': known.count, 'secrets found': findings.length }, problems },
      verdict,
    );
  },
};
