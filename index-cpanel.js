// The name that cPanel installations of the bundled bridge are configured with.
import './index.js';
