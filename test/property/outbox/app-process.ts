/** An app in a process of its own that says yes to everything; prints its port. For measuring. */
import { startApp } from './app.ts';

const app = await startApp(() => ({}));
process.stdout.write(`${app.port}\n`);
setInterval(() => app.seen.splice(0), 1000);
