// For hosts that require() the entry of an application; the bridge itself is made of ES modules.
'use strict';

import('./index.js').catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
