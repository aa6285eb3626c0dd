/** The ONNX backend tests as Debian packages them: installed, or unpacked under `.espalier/` without root. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const data = 'usr/share/libonnx-testdata/data';

export function testdata(): string {
  if (existsSync(join('/', data))) return join('/', data);
  const folder = new URL('../../../.espalier/onnx-testdata', import.meta.url).pathname;
  if (!existsSync(join(folder, data))) {
    mkdirSync(folder, { recursive: true });
    execFileSync('apt-get', ['download', 'libonnx-testdata'], { cwd: folder });
    const [archive] = readdirSync(folder).filter((f) => f.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', archive, '.'], { cwd: folder });
  }
  return join(folder, data);
}
