// An identity provider on this machine, for tests: a certified OpenID provider whose people are whoever a test says has signed in.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { api } from './cloud.js';

const secret = 'a-secret-of-the-provider-and-this-server';

/**
 * Starts a provider that has one client, this server. `people` are claims by subject. Ends with the test.
 * `signIn(url, subject)` is what a browser does with somebody signed in: it follows every redirect until it leaves the provider, and
 * answers with the address that it would go to.
 */
export async function startProvider(context, people) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let person;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'roster', client_secret: secret, redirect_uris: [`${api}/auth/external`, 'https://app.example.com/own'],
        grant_types: ['authorization_code'], response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['a key for the cookies of tests'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId, ...people[accountId] }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    pkce: { required: () => false },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url.startsWith('/interaction/')) {
      provider.interactionFinished(request, response, { login: { accountId: person } }).catch(() => response.destroy());
    } else {
      answer(request, response);
    }
  });
  context.after(() => server.close());

  async function signIn(url, subject) {
    person = subject;
    const cookies = new Map();
    while (url.startsWith(issuer)) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const page = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const set of page.headers.getSetCookie()) {
        const [, name, value] = set.match(/^([^=]+)=([^;]*)/);
        cookies.set(name, value);
      }
      const next = page.headers.get('location');
      if (!next) {
        throw new Error(`${page.status} ${await page.text()}`);
      }
      url = new URL(next, url).href;
    }
    return url;
  }

  const configuration = {
    authorizeUrl: `${issuer}/auth`, tokenUrl: `${issuer}/token`, userInfoUrl: `${issuer}/me`, jwksUrl: `${issuer}/jwks`,
    issuer, clientId: 'roster', clientSecret: secret,
  };

  /** An access token of the provider's, as an application gets it that has signed a person in by itself. */
  async function token(subject) {
    const own = 'https://app.example.com/own';
    const query = new URLSearchParams({ client_id: 'roster', redirect_uri: own, response_type: 'code', scope: 'openid email' });
    const back = await signIn(`${issuer}/auth?${query}`, subject);
    const code = new URL(back).searchParams.get('code');
    const answer = await fetch(configuration.tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`roster:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: own }),
    });
    return (await answer.json()).access_token;
  }

  return { configuration, signIn, token };
}
