// The other name under which hosts look for it.
'use strict';

require('./app.cjs');
