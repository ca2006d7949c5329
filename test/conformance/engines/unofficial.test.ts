import { engineSuite } from './suite.ts';
import { CONTACT, PHONE, World } from './world.ts';

engineSuite('linked device', async () => {
  const world = await World.start();
  const { whatsapp } = world;
  whatsapp.createPhone(CONTACT);
  const first = await world.paired();
  await first.handle.close();
  return {
    digits: PHONE,
    contact: CONTACT,
    connect: () => world.login(),
    delivered: () => whatsapp.messages(CONTACT).map(({ text }) => text ?? ''),
    receive: (text) => whatsapp.sendFromContact(CONTACT, { to: PHONE, text }),
    acknowledged: () => whatsapp.sent(CONTACT).map(({ receipts }) => receipts.length > 0),
    inbound: () => world.inbound(),
    nextSend: (fault) => {
      whatsapp.applyFaults({ ack: fault === 'refuse' ? { error: 463, times: 1 } : { drop: true, times: 1 } });
      if (fault === 'break') setTimeout(() => whatsapp.closeNumber(PHONE, { how: 'tcp' }), 300);
    },
    diskFull: (full) => {
      world.diskFull = full;
    },
    loggedIn: async () => {
      const again = await world.login();
      await again.handle.close();
      return true;
    },
    stop: () => world.stop(),
  };
});
