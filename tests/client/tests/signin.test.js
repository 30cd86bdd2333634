// How people sign in through the client: with one membership, with several, for long, and out again.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { address, newProject, shown, stranger, superAdmin } from './cloud.js';

const password = 'correct horse 9';
let root;

before(async () => {
  root = await superAdmin();
});

/** Invites somebody with a password; answers the e-mail address. */
async function person(admin, project, membership = {}) {
  const email = address('alice');
  const body = { resourceType: 'Practitioner', firstName: 'Alice', lastName: 'Smith', email, password, sendEmail: false, membership };
  await admin.invite(project.id, body);
  return email;
}

/** A client in which this person is signed in. */
async function signedIn(email, options = {}, terms = {}) {
  const medplum = stranger(options);
  const login = await medplum.startLogin({ email, password, ...terms });
  await medplum.processCode(login.code);
  return medplum;
}

test('a person signs in, and the client knows who he is and what he may do', async () => {
  const { project, medplum: admin } = await newProject(root, 'People');
  const alice = await signedIn(await person(admin, project, { admin: true }));
  assert.equal(alice.getProfile().resourceType, 'Practitioner');
  assert.equal(alice.getProject().id, project.id);
  assert.equal(alice.isProjectAdmin(), true);
  assert.equal(alice.isSuperAdmin(), false);
  assert.equal(alice.getUserConfiguration().menu[0].title, 'Favorites');
  const me = await alice.get('auth/me');
  assert.equal(me.security.sessions.length, 1);
  const bob = await person(alice, project);
  assert.equal((await signedIn(bob)).isProjectAdmin(), false);
});

test('the first administrator signs in as one', async () => {
  const medplum = stranger();
  const login = await medplum.startLogin({ email: 'admin@example.com', password: 'roster_admin' });
  await medplum.processCode(login.code);
  assert.equal(medplum.isSuperAdmin(), true);
});

test('of several memberships one is chosen', async () => {
  const { project, medplum: admin } = await newProject(root, 'Choice');
  const email = await person(admin, project);
  const again = { resourceType: 'Practitioner', firstName: 'Alice', lastName: 'Smith', email, forceNewMembership: true, sendEmail: false };
  await admin.invite(project.id, again);
  const medplum = stranger();
  const login = await medplum.startLogin({ email, password });
  assert.equal(login.memberships.length, 2);
  assert.equal(login.memberships[0].profile.display, 'Alice Smith');
  const chosen = await medplum.post('auth/profile', { login: login.login, profile: login.memberships[1].id });
  const profile = await medplum.processCode(chosen.code);
  assert.equal(`Practitioner/${profile.id}`, login.memberships[1].profile.reference);
});

test('a session that was asked to last is prolonged by itself', async () => {
  const { project, medplum: admin } = await newProject(root, 'Lasting');
  const email = await person(admin, project);
  const client = await admin.post(`admin/projects/${project.id}/client`, { name: 'Short', accessTokenLifetime: '2m' });
  const medplum = await signedIn(email, { clientId: client.id }, { remember: true });
  const before = medplum.getActiveLogin();
  assert.ok(before.refreshToken);
  // Two minutes are within the time before its end in which the client looks for another token.
  const me = await medplum.get('auth/me');
  assert.equal(me.project.id, project.id);
  const after = medplum.getActiveLogin();
  assert.notEqual(after.refreshToken, before.refreshToken);
  assert.equal(after.profile.reference, before.profile.reference);
});

test('who signs out is out', async () => {
  const { project, medplum: admin } = await newProject(root, 'Out');
  const medplum = await signedIn(await person(admin, project));
  const token = medplum.getAccessToken();
  await medplum.signOut();
  assert.equal(medplum.getActiveLogin(), undefined);
  const late = stranger();
  late.setAccessToken(token);
  assert.equal(await shown(late.get('auth/me')), 'Unauthorized');
});

test('what is wrong is said in words for people', async () => {
  const { project, medplum: admin } = await newProject(root, 'Wrong');
  const email = await person(admin, project);
  const refused = stranger().startLogin({ email, password: 'wrong password' });
  assert.equal(await shown(refused), 'Email or password is invalid');
  const short = stranger().startLogin({ email, password: 'x' });
  assert.equal(await shown(short), 'Invalid password, must be at least 5 characters (password)');
});
