// What a browser asks before and after a call from the web app's page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { api } from './cloud.js';

const APP = 'http://localhost:3000';
const asked = 'authorization,content-type,x-medplum';

function preflight(origin, path) {
  return fetch(`${api}/${path}`, {
    method: 'OPTIONS',
    headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': asked },
  });
}

test("the web app's page may call every kind of route, with credentials", async () => {
  for (const path of ['fhir/R4/ProjectMembership', 'admin/projects/1/invite', 'auth/me', 'oauth2/token', 'fhir/R4/Nothing/at/all']) {
    const answer = await preflight(APP, path);
    assert.equal(answer.status, 204, path);
    assert.equal(answer.headers.get('access-control-allow-origin'), APP, path);
    assert.equal(answer.headers.get('access-control-allow-credentials'), 'true', path);
    assert.equal(answer.headers.get('access-control-allow-headers'), asked, path);
    assert.match(answer.headers.get('access-control-allow-methods'), /POST/, path);
  }
});

test('another page may not', async () => {
  const answer = await preflight('https://elsewhere.example.com', 'auth/me');
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
});

test('an answer can be read by the page even when it is a refusal', async () => {
  const answer = await fetch(`${api}/auth/me`, { headers: { Origin: APP } });
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('access-control-allow-origin'), APP);
  assert.equal(answer.headers.get('www-authenticate'), null);
});
