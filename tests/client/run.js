// Runs the tests below tests/ against a local cloud that lives as long as they do, or against the one that runs already
// at the address in ROSTER_API and has written its state.json (ROSTER_STATE, else .local/state.json).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const workspace = path.resolve(import.meta.dirname, '../..');

const code = process.env.ROSTER_API ? await test(process.env.ROSTER_STATE) : await withCloud(test);
process.exit(code);

async function test(state = path.join(workspace, '.local/state.json')) {
  const files = ['guide', 'client', 'person', 'elsewhere', 'cli', 'browser', 'tour'].map((name) => `tests/${name}.test.js`);
  const run = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], {
    cwd: import.meta.dirname,
    env: { ...process.env, ROSTER_STATE: path.resolve(state) },
    stdio: 'inherit',
  });
  const [status] = await once(run, 'exit');
  return status ?? 1;
}

async function withCloud(job) {
  const folder = await mkdtemp(path.join(tmpdir(), 'roster-'));
  const state = path.join(folder, 'state.json');
  const cloud = spawn(
    'cargo',
    ['local', '--memory', '--api-port', '0', '--mailbox-port', '0', '--data', folder],
    { cwd: workspace, stdio: ['ignore', 'ignore', 'inherit'] }
  );
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => cloud.kill('SIGTERM'));
  }
  try {
    return (await written(state, cloud)) ? await job(state) : 1;
  } finally {
    if (cloud.exitCode === null) {
      cloud.kill('SIGTERM');
      await once(cloud, 'exit');
    }
    await rm(folder, { recursive: true });
  }
}

// The file appears when everything answers; the build before it takes minutes on a fresh machine.
async function written(state, cloud) {
  while (cloud.exitCode === null && cloud.signalCode === null) {
    const found = await access(state).then(() => true, () => false);
    if (found) {
      return true;
    }
    await sleep(100);
  }
  return false;
}
