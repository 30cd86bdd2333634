// Every code sample of the user management guide, as it is printed there, with real ids for its placeholders.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { address, letters, newProject, superAdmin } from './cloud.js';

let root;

before(async () => {
  root = await superAdmin();
});

test('Create a New Project, Invite a New User as an Admin', async () => {
  const medplum = root;

  const project = await medplum.createResource({
    resourceType: 'Project',
    name: 'ProjectName',
    strictMode: true,
  });

  assert.equal(project.name, 'ProjectName');
  assert.equal(project.strictMode, true);

  const sent = (await letters('alicesmith@example.com', 0)).length;
  const membership = await medplum.post(`admin/projects/${project.id}/invite`, {
    resourceType: 'Practitioner',
    firstName: 'Alice',
    lastName: 'Smith',
    email: 'alicesmith@example.com',
    admin: true,
  });

  assert.equal(membership.resourceType, 'ProjectMembership');
  assert.equal(membership.admin, true);
  assert.equal(membership.project.reference, `Project/${project.id}`);
  assert.equal(membership.profile.display, 'Alice Smith');
  const profile = await medplum.readReference(membership.profile);
  assert.equal(profile.resourceType, 'Practitioner');
  assert.deepEqual(profile.name, [{ given: ['Alice'], family: 'Smith' }]);
  const letter = (await letters('alicesmith@example.com', sent + 1)).at(-1);
  assert.match(letter.text, /ProjectName/);
});

test('Search for all project members, human members, Patients, Practitioners', async () => {
  const { project, medplum } = await newProject(root, 'Search');
  await medplum.post(`admin/projects/${project.id}/invite`, {
    resourceType: 'Practitioner',
    firstName: 'Alice',
    lastName: 'Smith',
    email: 'alicesmith@example.com',
    sendEmail: false,
  });
  await medplum.post(`admin/projects/${project.id}/invite`, {
    resourceType: 'Patient',
    firstName: 'Homer',
    lastName: 'Simpson',
    email: 'homer@example.com',
    sendEmail: false,
  });
  const names = (members) => members.map((member) => member.profile.display).sort();

  const all = await medplum.searchResources('ProjectMembership');
  assert.deepEqual(names(all), ['Administrator', 'Alice Smith', 'Homer Simpson']);

  const human = await medplum.searchResources('ProjectMembership', 'profile-type:not=ClientApplication,Bot');
  assert.deepEqual(names(human), ['Alice Smith', 'Homer Simpson']);

  const patients = await medplum.searchResources('ProjectMembership', 'profile-type=Patient');
  assert.deepEqual(names(patients), ['Homer Simpson']);

  const practitioners = await medplum.searchResources('ProjectMembership', 'profile-type=Practitioner');
  assert.deepEqual(names(practitioners), ['Alice Smith']);
});

test('Promote Existing User to Admin', async () => {
  const { project, medplum } = await newProject(root, 'Promote');
  // The user's project membership
  const membership = await medplum.post(`admin/projects/${project.id}/invite`, {
    resourceType: 'Practitioner',
    firstName: 'Alice',
    lastName: 'Smith',
    email: 'alicesmith@example.com',
    sendEmail: false,
  });
  assert.notEqual(membership.admin, true);

  // For the updated membership, create a new resource and spread the original in, only changing the admin field
  const updatedMembership = {
    ...membership,
    admin: true,
  };

  // Finally, post the updated membership to the API to make the user an admin
  await medplum.post(`admin/projects/${project.id}/members/${membership.id}`, updatedMembership);

  const promoted = await medplum.get(`admin/projects/${project.id}/members/${membership.id}`);
  const { meta: _before, ...wanted } = updatedMembership;
  const { meta: _after, ...stored } = promoted;
  assert.deepEqual(stored, wanted);
});

test('Invite via API', async () => {
  const { project, medplum } = await newProject(root, 'Invite');
  const sent = (await letters('homer@example.com', 0)).length;

  const membership = await medplum.post(`/admin/projects/${project.id}/invite`, {
    resourceType: 'Patient',
    firstName: 'Homer',
    lastName: 'Simpson',
    email: 'homer@example.com',
    sendEmail: false,
  });

  assert.match(membership.profile.reference, /^Patient\//);
  assert.equal(membership.profile.display, 'Homer Simpson');
  const user = await root.readReference(membership.user);
  assert.equal(user.project.reference, `Project/${project.id}`);

  // Letters arrive in the order of their invites: once the next one is there, Homer's is not to come.
  const marge = address('marge');
  await medplum.invite(project.id, { resourceType: 'Patient', firstName: 'Marge', lastName: 'Simpson', email: marge });
  await letters(marge, 1);
  assert.equal((await letters('homer@example.com', 0)).length, sent);
});

test('Invite via API, a project administrator', async () => {
  const { project, medplum } = await newProject(root, 'Invite an administrator');

  const membership = await medplum.post(`/admin/projects/${project.id}/invite`, {
    resourceType: 'Patient',
    firstName: 'Homer',
    lastName: 'Simpson',
    email: 'homer@example.com',
    membership: {
      admin: true,
    },
  });

  assert.equal(membership.admin, true);
});

test('Invite via API, with parameterised policies', async () => {
  const { project, medplum } = await newProject(root, 'Invite with policies');
  const policy = await medplum.createResource({
    resourceType: 'AccessPolicy',
    name: 'Patients of one organization',
    resource: [{ resourceType: 'Patient', criteria: 'Patient?organization=%provider_organization' }],
  });
  const abc = await medplum.createResource({ resourceType: 'Organization', name: 'ABC' });
  const def = await medplum.createResource({ resourceType: 'Organization', name: 'DEF' });

  const access = [
    {
      policy: { reference: `AccessPolicy/${policy.id}` },
      parameter: [
        {
          name: 'provider_organization',
          valueReference: { reference: `Organization/${abc.id}` },
        },
      ],
    },
    {
      policy: { reference: `AccessPolicy/${policy.id}` },
      parameter: [
        {
          name: 'provider_organization',
          valueReference: { reference: `Organization/${def.id}` },
        },
      ],
    },
  ];
  const membership = await medplum.post(`/admin/projects/${project.id}/invite`, {
    resourceType: 'Patient',
    firstName: 'Homer',
    lastName: 'Simpson',
    email: 'homer@example.com',
    membership: {
      access,
    },
  });

  assert.deepEqual(membership.access, access);
});
