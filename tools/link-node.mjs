// After `npm ci`: npm 9, which Debian 12 brings, takes the link of the bundled Node away again together with the package for the
// other processor, whose program has the same name. Every script of this package finds its Node through this link.
import { existsSync, symlinkSync } from 'node:fs';

const program = `node-linux-${process.arch}/bin/node`;
const isBundled = process.platform === 'linux' && existsSync(`node_modules/${program}`);
if (isBundled && !existsSync('node_modules/.bin/node')) symlinkSync(`../${program}`, 'node_modules/.bin/node');
