// People who sign in with an identity provider: a real one, beside the local cloud.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { api, newProject, shown, stranger, superAdmin } from './cloud.js';
import { startProvider } from './provider.js';

let root;

before(async () => {
  root = await superAdmin();
});

/** What comes back from a visit, not followed. */
function visit(url) {
  return fetch(url, { redirect: 'manual' });
}

function parameters(answer) {
  return new URL(answer.headers.get('location')).searchParams;
}

/** The text of a refusal. */
async function refusal(answer) {
  assert.equal(answer.status, 400);
  return (await answer.json()).issue[0].details.text;
}

/** The address to go to for somebody who signs in through an application with a provider of its own, as the client builds it. */
function way(medplum, client, configuration, login) {
  return medplum.getExternalAuthRedirectUri(
    configuration.authorizeUrl, configuration.clientId, `${api}/auth/external`,
    { clientId: client.id, redirectUri: client.redirectUris[0], ...login }, false
  );
}

test('people of a domain sign in with its provider, and nobody else does', async (context) => {
  const domain = `${crypto.randomUUID().slice(0, 8)}.example.com`;
  const [email, foreign] = [`alice@${domain}`, 'alice@elsewhere.example.com'];
  const { configuration, signIn } = await startProvider(context, {
    alice: { email, email_verified: true }, mallory: { email: foreign, email_verified: true }, eve: { email, email_verified: false },
    bob: { email: `bob@${domain}` },
  });
  await root.createResource({ resourceType: 'DomainConfiguration', domain, identityProvider: configuration });
  const { project, medplum: admin } = await newProject(root, 'Domain');
  await admin.invite(project.id, { resourceType: 'Practitioner', firstName: 'Alice', lastName: 'Smith', email, sendEmail: false });

  const medplum = stranger();
  const method = await medplum.post('auth/method', { email: email.toUpperCase() });
  assert.equal(method.domain, domain);
  assert.deepEqual(await medplum.post('auth/method', { email: foreign }), {});
  const login = await medplum.ensureCodeChallenge({ email });
  const url = new URL(method.authorizeUrl);
  url.searchParams.set('state', JSON.stringify({ ...login, domain }));

  const arrived = await visit(await signIn(url.href, 'alice'));
  assert.equal(arrived.status, 302);
  assert.match(arrived.headers.get('location'), /^http:\/\/localhost:3000\/signin\?login=/);
  const { code } = await medplum.get(`auth/login/${parameters(arrived).get('login')}`);
  await medplum.processCode(code);
  assert.equal(medplum.getProject().id, project.id);
  assert.equal(medplum.getProfile().name[0].family, 'Smith');

  assert.equal(await refusal(await visit(await signIn(url.href, 'mallory'))), 'Email address does not match domain');
  assert.equal(await refusal(await visit(await signIn(url.href, 'eve'))), 'External token does not contain email address');
  assert.equal(await refusal(await visit(await signIn(url.href, 'bob'))), 'User not found');
  assert.equal(
    await shown(medplum.post('auth/resetpassword', { email })),
    'Cannot reset password for external auth. Contact your system administrator.'
  );
});

test('members sign in by the id that their provider gives them', async (context) => {
  const { configuration, signIn, token } = await startProvider(context, { 'subject-1': {}, 'subject-2': {} });
  const { project, medplum: admin } = await newProject(root, 'Subjects');
  const client = await admin.post(`admin/projects/${project.id}/client`, {
    name: 'Portal', redirectUris: ['https://app.example.com/back'],
    identityProvider: { ...configuration, useSubject: true },
  });
  const homer = { resourceType: 'Patient', firstName: 'Homer', lastName: 'Simpson', externalId: 'subject-1', sendEmail: false };
  const membership = await admin.invite(project.id, homer);

  const medplum = stranger({ clientId: client.id });
  const login = await medplum.ensureCodeChallenge({ scope: 'openid' });
  const arrived = await visit(await signIn(way(medplum, client, configuration, login), 'subject-1'));
  assert.equal(arrived.status, 302);
  assert.match(arrived.headers.get('location'), /^https:\/\/app\.example\.com\/back\?login=/);
  const profile = await medplum.processCode(parameters(arrived).get('code'));
  assert.equal(`Patient/${profile.id}`, membership.profile.reference);

  const nobody = await visit(await signIn(way(medplum, client, configuration, login), 'subject-2'));
  assert.equal(await refusal(nobody), 'User not found');
  const astray = { ...login, redirectUri: 'https://evil.example.com/' };
  const nowhere = await visit(await signIn(way(medplum, client, configuration, astray), 'subject-1'));
  assert.equal(await refusal(nowhere), 'Invalid redirect URI');

  // An application that has signed him in by itself exchanges the provider's token.
  const exchanger = stranger();
  const same = await exchanger.exchangeExternalAccessToken(await token('subject-1'), client.id);
  assert.equal(same.id, profile.id);
  assert.match(await shown(exchanger.exchangeExternalAccessToken(await token('subject-2'), client.id)), /User not found/);
  assert.match(await shown(exchanger.exchangeExternalAccessToken('x', client.id)), /Failed to verify code/);
});

/** A project with Homer in it and an application with this provider: `{ project, admin, client, exchange }`. */
async function projectWith(provider, subject) {
  const { project, medplum: admin } = await newProject(root, 'Exchange');
  const client = await admin.post(`admin/projects/${project.id}/client`, {
    name: 'Portal', redirectUris: ['https://app.example.com/back'], identityProvider: { ...provider, useSubject: true },
  });
  const homer = { resourceType: 'Patient', firstName: 'Homer', lastName: 'Simpson', externalId: subject, sendEmail: false };
  const membership = await admin.invite(project.id, homer);
  const exchange = (token) => stranger().exchangeExternalAccessToken(token, client.id);
  return { project, admin, membership, exchange, client };
}

const unverified = /Failed to verify code - check your identity provider configuration/;

test('a token that was issued to another application signs nobody in', async (context) => {
  const { configuration, token } = await startProvider(context, { homer: {} });
  const { exchange, client } = await projectWith(configuration, 'homer');
  assert.equal((await exchange(await token('homer'))).name[0].family, 'Simpson');
  const foreign = await token('homer', { client: 'other' });
  assert.match(await shown(exchange(foreign)), unverified);
  const older = stranger().post('auth/exchange', { externalAccessToken: foreign, clientId: client.id });
  assert.match(await shown(older), unverified);
});

test('a signed token says itself to which application it was issued', async (context) => {
  const { configuration, token } = await startProvider(context, { homer: {} });
  const resource = 'https://api.example.com/';
  const believing = { ...configuration, userInfoUrl: `${configuration.issuer}/believing` };
  const { exchange } = await projectWith(believing, 'homer');
  const [ours, foreign] = [await token('homer', { resource }), await token('homer', { resource, client: 'other' })];
  assert.equal(ours.split('.').length, 3);
  assert.equal((await exchange(ours)).name[0].family, 'Simpson');
  assert.match(await shown(exchange(foreign)), unverified);

  // Whoever changes what it says has no signature for it.
  const [header, payload, signature] = foreign.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url')), client_id: 'roster' };
  const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  assert.match(await shown(exchange(forged)), unverified);
  const { exchange: elsewhere } = await projectWith({ ...believing, issuer: 'https://login.example.com' }, 'homer');
  assert.match(await shown(elsewhere(ours)), unverified);
});

test('a token of which nobody says to whom it was issued is exchanged unless the project wants its own', async (context) => {
  const { configuration, token } = await startProvider(context, { homer: {} });
  const { issuer, jwksUrl, ...silent } = configuration;
  assert.ok(issuer && jwksUrl);
  const { project, admin, exchange } = await projectWith(silent, 'homer');
  assert.equal((await exchange(await token('homer', { client: 'other' }))).name[0].family, 'Simpson');
  const setting = [{ name: 'exchangeOwnTokensOnly', valueBoolean: true }];
  await admin.updateResource({ ...(await admin.readResource('Project', project.id)), setting });
  assert.match(await shown(exchange(await token('homer'))), unverified);
});

test('whoever exchanges a token comes from where his policies let him', async (context) => {
  const { configuration, token } = await startProvider(context, { homer: {} });
  const { project, admin, membership, exchange } = await projectWith(configuration, 'homer');
  const policy = await admin.createResource({
    resourceType: 'AccessPolicy', resource: [{ resourceType: 'Patient' }], ipAccessRule: [{ value: '127.0.0.1', action: 'block' }],
  });
  const under = { ...membership, accessPolicy: { reference: `AccessPolicy/${policy.id}` } };
  await admin.post(`admin/projects/${project.id}/members/${membership.id}`, under);
  assert.match(await shown(exchange(await token('homer'))), /IP address not allowed/);
  await admin.updateResource({ ...policy, ipAccessRule: [{ value: '127.0.0.1', action: 'allow' }] });
  assert.equal((await exchange(await token('homer'))).name[0].family, 'Simpson');
});

test("a project's provider says nothing about people whom other projects know, too", async (context) => {
  const email = `carol-${crypto.randomUUID().slice(0, 8)}@example.com`;
  const { configuration, signIn } = await startProvider(context, { carol: { email, email_verified: true } });
  const { project, medplum: admin } = await newProject(root, 'Own provider');
  const client = await admin.post(`admin/projects/${project.id}/client`, {
    name: 'Portal', redirectUris: ['https://app.example.com/back'], identityProvider: configuration,
  });
  const carol = { resourceType: 'Practitioner', firstName: 'Carol', lastName: 'White', email, sendEmail: false };
  await admin.invite(project.id, carol);
  const medplum = stranger({ clientId: client.id });
  const login = await medplum.ensureCodeChallenge({});
  const above = await visit(await signIn(way(medplum, client, configuration, login), 'carol'));
  assert.equal(await refusal(above), 'User not found');

  // Whoever exists within the project is its own.
  await admin.invite(project.id, { ...carol, scope: 'project', forceNewMembership: true });
  const within = await visit(await signIn(way(medplum, client, configuration, login), 'carol'));
  assert.equal(within.status, 302);
  const profile = await medplum.processCode(parameters(within).get('code'));
  assert.equal(profile.name[0].family, 'White');
});

test('what is wrong with the way back is said in the words of the contract', async () => {
  const { project, client } = await newProject(root, 'Ways');
  const back = (query) => visit(`${api}/auth/external?${new URLSearchParams(query)}`);
  const state = (fields) => JSON.stringify(fields);
  for (const [query, text] of [
    [{}, 'Missing code'],
    [{ code: 'x' }, 'Missing state'],
    [{ code: 'x', state: 'x' }, 'Invalid state'],
    [{ code: 'x', state: '[]' }, 'Invalid state'],
    [{ code: 'x', state: state({}) }, 'Identity provider not found'],
    [{ code: 'x', state: state({ clientId: client.id }) }, 'Identity provider not found'],
    [{ code: 'x', state: state({ clientId: crypto.randomUUID() }) }, 'Identity provider not found'],
    [{ code: 'x', state: state({ domain: 'nowhere.example.com' }) }, 'Identity provider not found'],
    [{ code: 'x', state: state({ clientId: client.id, projectId: 'x' }) }, 'Invalid project'],
  ]) {
    assert.equal(await refusal(await back(query)), text, JSON.stringify(query));
  }
  assert.ok(project.id);
});

test('a provider that only this server reaches is not asked', async () => {
  const { project, medplum: admin } = await newProject(root, 'Private');
  for (const tokenUrl of ['https://169.254.169.254/token', 'http://10.0.0.1/token', 'file:///etc/passwd']) {
    const client = await admin.post(`admin/projects/${project.id}/client`, {
      name: 'Portal', redirectUris: ['https://app.example.com/back'],
      identityProvider: { authorizeUrl: 'https://login.example.com/', tokenUrl, userInfoUrl: tokenUrl, clientId: 'c', clientSecret: 's' },
    });
    const state = JSON.stringify({ clientId: client.id, redirectUri: 'https://app.example.com/back' });
    const answer = await visit(`${api}/auth/external?${new URLSearchParams({ code: 'x', state })}`);
    assert.equal(await refusal(answer), 'Failed to verify code - check your identity provider configuration');
    const exchange = stranger().exchangeExternalAccessToken('x', client.id);
    assert.match(await shown(exchange), /Invalid user info URL - check your identity provider configuration/);
  }
});
