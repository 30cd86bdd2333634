// The local cloud as tests see it, and the projects they make in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import './websocket.js';
import { MedplumClient, normalizeErrorString } from '@medplum/core';

const state = JSON.parse(readFileSync(process.env.ROSTER_STATE, 'utf8'));
export const api = process.env.ROSTER_API ?? state.api;

/** A client that nobody has signed in, as an application would make it. */
export function stranger(options = {}) {
  return new MedplumClient({ baseUrl: api, ...options });
}

/** The client application of the super administrator. */
export async function superAdmin() {
  const medplum = stranger();
  await medplum.startClientLogin(state.adminClientId, state.adminClientSecret);
  return medplum;
}

/**
 * A new project with one administrator, a client application: `{ project, client, membership, medplum }`, of which
 * `medplum` is signed in as that application.
 */
export async function newProject(root, name) {
  const project = await root.createResource({ resourceType: 'Project', name, strictMode: true });
  const { client, membership } = await newApplication(root, project, 'Administrator');
  const promoted = await root.post(`admin/projects/${project.id}/members/${membership.id}`, { ...membership, admin: true });
  const medplum = stranger();
  await medplum.startClientLogin(client.id, client.secret);
  return { project, client, membership: promoted, medplum };
}

/** A client application without special rights: `{ client, membership }`. */
export async function newApplication(root, project, name) {
  const client = await root.post(`admin/projects/${project.id}/client`, { name });
  const query = `project=Project/${project.id}&profile=ClientApplication/${client.id}`;
  const [membership] = await root.searchResources('ProjectMembership', query);
  return { client, membership };
}

/** The letters to an address, oldest first, once there are `count` of them. */
export async function letters(to, count) {
  for (let look = 0; look < 400; look++) {
    const all = await (await fetch(`${state.mailbox}/messages`)).json();
    const found = all.filter((letter) => letter.to === to);
    if (found.length >= count) {
      return found;
    }
    await sleep(50);
  }
  throw new Error(`no ${count} letters to ${to}`);
}

/** An address that no other test and no earlier run has used. */
export function address(name) {
  return `${name}-${crypto.randomUUID().slice(0, 8)}@example.com`;
}

/** The error of a promise that must be refused, as the client shows it to people. */
export async function shown(promise) {
  const accepted = () => assert.fail('it was not refused');
  return normalizeErrorString(await promise.then(accepted, (error) => error));
}
