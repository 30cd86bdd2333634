// The `medplum` command line as people install it, with a home directory of its own.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { address, api, letters, newProject, stranger, superAdmin } from './cloud.js';

const command = path.resolve(import.meta.dirname, '../node_modules/.bin/medplum');
const run = promisify(execFile);

let root;
let home;

before(async () => {
  root = await superAdmin();
  home = await mkdtemp(path.join(tmpdir(), 'roster-home-'));
});

after(() => rm(home, { recursive: true }));

/** Runs the command line and returns what it prints. Names and secrets of earlier runs are in the home directory. */
async function medplum(...args) {
  const env = { PATH: `${home}:${process.env.PATH}`, HOME: home };
  const { stdout, stderr } = await run(command, args, { env, cwd: home });
  assert.doesNotMatch(stderr, /error/i);
  return stdout;
}

/** What it prints of a resource, as a resource. */
function resource(printed) {
  return JSON.parse(printed.slice(printed.indexOf('{')));
}

test('login with client credentials, whoami, post, get and project invite', async () => {
  const { project, client } = await newProject(root, 'Command line');
  const profile = ['--profile', 'clinic'];

  await medplum(
    'login', ...profile, '--auth-type', 'client-credentials', '--base-url', `${api}/`,
    '--client-id', client.id, '--client-secret', client.secret
  );
  assert.match(await medplum('whoami', ...profile), new RegExp(`Project/${project.id}`));

  const organization = JSON.stringify({ resourceType: 'Organization', name: 'Springfield General' });
  const posted = resource(await medplum('post', ...profile, 'Organization', organization));
  assert.equal(posted.name, 'Springfield General');
  const got = resource(await medplum('get', ...profile, `Organization/${posted.id}`));
  assert.equal(got.id, posted.id);

  const email = address('alice');
  await medplum('project', 'invite', ...profile, '--send-email', '--admin', 'Alice', 'Smith', email);
  await letters(email, 1);
  const found = resource(await medplum('get', ...profile, 'ProjectMembership?profile-type=Practitioner'));
  assert.equal(found.entry.length, 1);
  assert.equal(found.entry[0].resource.profile.display, 'Alice Smith');
  assert.equal(found.entry[0].resource.admin, true);
});

test('login with an assertion that is signed by a key of the application', async (context) => {
  const { project } = await newProject(root, 'Assertion');
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const published = { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS384' }] };
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify(published));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const file = path.join(home, 'key.pem');
  await writeFile(file, keys.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });

  const jwksUri = `http://127.0.0.1:${server.address().port}/keys`;
  const client = await root.post(`admin/projects/${project.id}/client`, { name: 'Signer', jwksUri });
  const profile = ['--profile', 'signer'];
  await medplum(
    'login', ...profile, '--auth-type', 'jwt-assertion', '--base-url', `${api}/`, '--client-id', client.id,
    '--audience', 'oauth2/token', '--private-key-path', file, '--issuer', client.id, '--subject', client.id
  );
  assert.match(await medplum('whoami', ...profile), new RegExp(`ClientApplication/${client.id}`));
});

test('login by browser: the page signs a person in and sends the code to the command line', async () => {
  const email = address('alice');
  const password = 'correct-horse-9';
  const person = stranger();
  const { login } = await person.startNewUser({ firstName: 'Alice', lastName: 'Smith', email, password, recaptchaToken: '' });
  await person.startNewProject({ login, projectName: 'By browser' });
  // Where a desktop has a browser, this machine has a script that does what the sign-in page does.
  const browser = path.join(home, 'xdg-open');
  await writeFile(browser, pretend(email, password));
  await chmod(browser, 0o755);

  await medplum('login', '--profile', 'browser', '--auth-type', 'authorization-code', '--base-url', `${api}/`);

  assert.match(await medplum('whoami', '--profile', 'browser'), /By browser/);
});

/** The script: it follows the way to the page, signs in with what the address asks for, and follows the way back. */
function pretend(email, password) {
  return `#!${process.execPath}
(async () => {
  const page = await fetch(process.argv[2], { redirect: 'manual' });
  const asked = new URL(page.headers.get('location')).searchParams;
  const body = { email: ${JSON.stringify(email)}, password: ${JSON.stringify(password)}, clientId: asked.get('client_id'), scope: asked.get('scope') };
  const signedIn = await fetch(${JSON.stringify(`${api}/auth/login`)}, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  const { code } = await signedIn.json();
  await fetch(asked.get('redirect_uri') + '/?code=' + encodeURIComponent(code)).catch(() => {});
})();
`;
}
