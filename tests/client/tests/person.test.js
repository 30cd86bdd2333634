// What people do in an application that uses the client: register, open the letter, sign in, choose a project, stay signed in, sign out.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import './window.js';
import { address, letters, newProject, shown, stranger as visitor, superAdmin } from './cloud.js';

const password = 'correct-horse-9';

let root;

/** A client in a browser that remembers no answers: every request here is to be answered. */
function stranger(options = {}) {
  return visitor({ cacheTime: 0, ...options });
}

before(async () => {
  root = await superAdmin();
});

/** Registers Alice Smith and her project: `{ email, medplum }`, of which `medplum` is signed in as she. */
async function registered(projectName, options = {}) {
  const medplum = stranger(options);
  const email = address('alice');
  const { login } = await medplum.startNewUser({ firstName: 'Alice', lastName: 'Smith', email, password, recaptchaToken: '' });
  const { code } = await medplum.startNewProject({ login, projectName });
  await medplum.processCode(code);
  return { email, medplum };
}

test('startNewUser, startNewProject and processCode make a person who administers a project of her own', async () => {
  const { medplum } = await registered('Springfield Clinic');

  const profile = await medplum.getProfileAsync();
  assert.equal(profile.resourceType, 'Practitioner');
  assert.deepEqual(profile.name, [{ given: ['Alice'], family: 'Smith' }]);
  assert.equal(medplum.getProfile().id, profile.id);
  assert.equal(medplum.getProject().name, 'Springfield Clinic');
  assert.equal(medplum.isProjectAdmin(), true);
  assert.equal(medplum.isSuperAdmin(), false);
  assert.equal(medplum.getUserConfiguration().resourceType, 'UserConfiguration');

  const homer = { resourceType: 'Patient', firstName: 'Homer', lastName: 'Simpson', email: address('homer'), sendEmail: false };
  const membership = await medplum.invite(medplum.getProject().id, homer);
  assert.match(membership.invitedBy.reference, /^User\//);
});

test('startLogin signs a person with one membership in at once', async () => {
  const { email } = await registered('Alone');
  const medplum = stranger();
  const result = await medplum.startLogin({ email, password });
  assert.equal(result.memberships, undefined);
  const profile = await medplum.processCode(result.code);
  assert.equal(profile.resourceType, 'Practitioner');
  assert.equal(medplum.getProject().name, 'Alone');
  assert.equal(await shown(stranger().startLogin({ email, password: 'wrong-horse-9' })), 'Email or password is invalid');
});

test('startLogin lets a person with several memberships choose', async () => {
  const { email, medplum } = await registered('First');
  const again = await medplum.startLogin({ email, password, projectId: 'new' });
  assert.equal(again.code, undefined);
  await medplum.startNewProject({ login: again.login, projectName: 'Second' });

  const chooser = stranger();
  const { login, code, memberships } = await chooser.startLogin({ email, password });
  assert.equal(code, undefined);
  assert.deepEqual(memberships.map((membership) => membership.project.display).sort(), ['First', 'Second']);
  const second = memberships.find((membership) => membership.project.display === 'Second');
  const chosen = await chooser.post('auth/profile', { login, profile: second.id });
  await chooser.processCode(chosen.code);
  assert.equal(chooser.getProject().name, 'Second');
});

test('a person opens the letter of an invitation, sets a password and signs in', async () => {
  const { project, medplum: admin } = await newProject(root, 'Invited');
  const email = address('bob');
  await admin.invite(project.id, { resourceType: 'Practitioner', firstName: 'Bob', lastName: 'Jones', email });
  const [letter] = await letters(email, 1);
  const [, id, secret] = letter.text.match(/setpassword\/([^/\s]+)\/([^/\s]+)/);

  const medplum = stranger();
  await medplum.post('auth/setpassword', { id, secret, password });
  assert.equal(await shown(medplum.post('auth/setpassword', { id, secret, password })), 'Already used');
  const { code } = await medplum.startLogin({ email, password });
  await medplum.processCode(code);
  assert.equal(medplum.getProject().id, project.id);
  assert.equal(medplum.isProjectAdmin(), false);
});

test('the client prolongs a session by itself, each time with another refresh token', async () => {
  const { email } = await registered('Refresh');
  const medplum = stranger();
  const { code } = await medplum.startLogin({ email, password, remember: true });
  await medplum.processCode(code);
  const first = medplum.getActiveLogin();

  // Two hours before it would: the token ends in one.
  await medplum.refreshIfExpired(2 * 60 * 60 * 1000);
  const second = medplum.getActiveLogin();
  assert.notEqual(second.accessToken, first.accessToken);
  assert.notEqual(second.refreshToken, first.refreshToken);

  // A request that is turned away is sent again with new tokens.
  const other = stranger();
  other.setAccessToken('a token that counts no more', second.refreshToken);
  assert.equal((await other.get('auth/me')).user.email, email);
  const third = other.getActiveLogin();
  assert.notEqual(third.refreshToken, second.refreshToken);

  // Whoever shows one that was exchanged before ends the session for everybody.
  const thief = stranger();
  thief.setAccessToken('a token that counts no more', first.refreshToken);
  assert.match(await shown(thief.get('auth/me')), /Unauthorized|Failed to fetch tokens/);
  const robbed = stranger();
  robbed.setAccessToken(third.accessToken);
  assert.equal(await shown(robbed.get('auth/me')), 'Unauthorized');
});

test('after signOut the token is worth nothing', async () => {
  let told = 0;
  const { medplum } = await registered('Sign out');
  const thief = stranger({ onUnauthenticated: () => told++ });
  thief.setAccessToken(medplum.getAccessToken());
  await thief.get('auth/me');

  await medplum.signOut();

  assert.equal(medplum.getActiveLogin(), undefined);
  assert.equal(await shown(thief.get('auth/me')), 'Unauthorized');
  assert.equal(told, 1);
});
