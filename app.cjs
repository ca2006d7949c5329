// For hosts that require() the entry of an application; the bridge itself is made of ES modules.
'use strict';

import('./index.js').catch((error) => {
  console.error(error);
  process.exit(1);
});
