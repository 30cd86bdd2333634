// What applications rely on in the client: signing in, knowing who one is, inviting, paging, and errors as people see them.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { address, newApplication, newProject, shown, stranger, superAdmin } from './cloud.js';
import { getDataType, getSearchParameters } from '@medplum/core';

let root;

before(async () => {
  root = await superAdmin();
});

test('startClientLogin signs an application in, and the client knows who it is', async () => {
  const { project, client, medplum } = await newProject(root, 'Sign in');
  const login = medplum.getActiveLogin();
  assert.equal(login.project.reference, `Project/${project.id}`);
  assert.equal(login.profile.reference, `ClientApplication/${client.id}`);
  const profile = await medplum.getProfileAsync();
  assert.equal(profile.id, client.id);
  assert.equal(medplum.getProfile().resourceType, 'ClientApplication');
  assert.equal(medplum.getProject().id, project.id);
  assert.equal(medplum.isProjectAdmin(), true);
  assert.equal(medplum.isSuperAdmin(), false);
});

test('the bootstrap client is a super administrator', async () => {
  await root.getProfileAsync();
  assert.equal(root.isSuperAdmin(), true);
});

test('an application that was not promoted is no administrator, and is told so', async () => {
  const { project } = await newProject(root, 'Plain application');
  const { client } = await newApplication(root, project, 'Plain');
  const medplum = stranger();
  await medplum.startClientLogin(client.id, client.secret);
  await medplum.getProfileAsync();
  assert.equal(medplum.isProjectAdmin(), false);
  const invitation = { resourceType: 'Patient', firstName: 'Homer', lastName: 'Simpson', email: address('homer') };
  assert.equal(await shown(medplum.invite(project.id, invitation)), 'Forbidden');
});

test('setBasicAuth works without any token', async () => {
  const { project, client } = await newProject(root, 'Basic');
  const medplum = stranger();
  medplum.setBasicAuth(client.id, client.secret);
  assert.equal((await medplum.get('auth/me')).project.id, project.id);
  assert.equal(medplum.getAccessToken(), undefined);
});

test('a wrong secret signs nobody in', async () => {
  const { client } = await newProject(root, 'Wrong secret');
  assert.match(await shown(stranger().startClientLogin(client.id, 'wrong')), /^Failed to fetch tokens/);
});

test('invite() returns the membership, and says what is wrong with a second and a third one', async () => {
  const { project, medplum } = await newProject(root, 'Invite');
  const homer = { resourceType: 'Patient', firstName: 'Homer', lastName: 'Simpson', email: address('homer'), sendEmail: false };
  const membership = await medplum.invite(project.id, homer);
  assert.equal(membership.resourceType, 'ProjectMembership');
  assert.match(membership.invitedBy?.reference ?? '', /^ClientApplication\//);
  assert.equal(await shown(medplum.invite(project.id, homer)), 'User is already a member of this project');
  assert.equal(
    await shown(medplum.invite(project.id, { ...homer, firstName: '', email: 'homer' })),
    'First name is required (firstName); Either email or externalId is required'
  );
});

test('what is not there is not found, and what is foreign is forbidden', async () => {
  const { medplum } = await newProject(root, 'Not found');
  const foreign = await newProject(root, 'Foreign');
  const nobody = crypto.randomUUID();
  assert.equal(await shown(medplum.readResource('Patient', nobody)), 'Not found');
  assert.equal(await shown(medplum.readResource('ClientApplication', foreign.client.id)), 'Not found');
  const path = `admin/projects/${foreign.project.id}/members/${foreign.membership.id}`;
  assert.equal(await shown(medplum.get(path)), 'Forbidden');
});

test('the client learns what a type is made of, and how it is searched', async () => {
  const { medplum } = await newProject(root, 'Schema');
  for (const type of ['ProjectMembership', 'Project', 'Patient']) {
    await medplum.requestSchema(type);
    assert.ok(Object.keys(getDataType(type).elements).length > 5, type);
  }
  const { access, project } = getDataType('ProjectMembership').elements;
  assert.deepEqual([project.min, access.max, access.type[0].code], [1, Infinity, 'ProjectMembershipAccess']);
  assert.ok(getDataType('ProjectMembershipAccessParameter').elements['value[x]'].type.length > 1);
  assert.equal(getSearchParameters('ProjectMembership').profile.expression, 'ProjectMembership.profile');
  const { data } = await medplum.graphql('{ ProjectMembershipList(_count: 1) { admin profile { reference } } }');
  assert.equal(data.ProjectMembershipList[0].admin, true);
});

test('the last administrator stays, and reads why', async () => {
  const { project, membership, medplum } = await newProject(root, 'Last administrator');
  assert.equal(
    await shown(medplum.delete(`admin/projects/${project.id}/members/${membership.id}`)),
    'A project must keep at least one active administrator'
  );
});

test('searchResourcePages walks through every page once', async () => {
  const { project, medplum } = await newProject(root, 'Pages');
  for (const firstName of ['Homer', 'Marge', 'Bart', 'Lisa', 'Maggie']) {
    await medplum.invite(project.id, {
      resourceType: 'Patient', firstName, lastName: 'Simpson', email: address(firstName.toLowerCase()), sendEmail: false,
    });
  }
  const sizes = [];
  const seen = [];
  for await (const page of medplum.searchResourcePages('ProjectMembership', '_count=2')) {
    sizes.push(page.length);
    seen.push(...page.map((member) => member.profile.display));
  }
  assert.deepEqual(sizes, [2, 2, 2]);
  const wanted = ['Administrator', 'Bart Simpson', 'Homer Simpson', 'Lisa Simpson', 'Maggie Simpson', 'Marge Simpson'];
  assert.deepEqual(seen.sort(), wanted);
});

test('a removed member is out with the next request', async () => {
  const { project, medplum } = await newProject(root, 'Removal');
  const { client, membership } = await newApplication(root, project, 'Leaver');
  const leaver = stranger();
  await leaver.startClientLogin(client.id, client.secret);
  await leaver.get('auth/me');
  let told = 0;
  const bearer = stranger({ onUnauthenticated: () => told++ });
  bearer.setAccessToken(leaver.getAccessToken());
  await bearer.get('auth/me');

  await medplum.delete(`admin/projects/${project.id}/members/${membership.id}`);

  assert.equal(await shown(bearer.get('auth/me')), 'Unauthorized');
  assert.equal(told, 1);
  assert.match(await shown(leaver.startClientLogin(client.id, client.secret)), /^Failed to fetch tokens/);
});
