// The tour stops with an error at the first step that is not answered as it says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

test('cargo local tour does the main job, shows both letters, and stops', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'roster-'));
  const ports = ['--api-port', '0', '--mailbox-port', '0', '--data', folder];
  const workspace = path.resolve(import.meta.dirname, '../../..');
  try {
    const { stdout } = await promisify(execFile)('cargo', ['local', 'tour', ...ports], { cwd: workspace });
    assert.match(stdout, /To: alicesmith@example\.com/);
    assert.match(stdout, /To: homer@example\.com/);
    assert.match(stdout, /Now she signs in, and is asked for which of her projects/);
    assert.match(stdout, /409 Conflict\n.*A project must keep at least one active administrator/s);
    assert.match(stdout, /every step was answered as expected/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
