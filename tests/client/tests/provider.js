// An identity provider on this machine, for tests: a certified OpenID provider whose people are whoever a test says has signed in.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { api } from './cloud.js';

const own = 'https://app.example.com/own';
const secret = 'a-secret-of-the-provider-and-this-server';

/**
 * Starts a provider that has two clients: this server, and an application that is none of ours. `people` are claims by subject. Ends with
 * the test.
 * `signIn(url, subject)` is what a browser does with somebody signed in: it follows every redirect until it leaves the provider, and
 * answers with the address that it would go to.
 */
export async function startProvider(context, people) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let person;
  const provider = new Provider(issuer, {
    clients: ['roster', 'other'].map((client_id) => ({
      client_id, client_secret: secret, redirect_uris: [`${api}/auth/external`, own],
      grant_types: ['authorization_code'], response_types: ['code'],
    })),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['a key for the cookies of tests'] },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: '', accessTokenFormat: 'jwt' }),
      },
    },
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
    if (request.url === '/believing') {
      const [, payload] = request.headers.authorization.split('.');
      const { sub } = JSON.parse(Buffer.from(payload, 'base64url'));
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ sub, ...people[sub] }));
    } else if (request.url.startsWith('/interaction/')) {
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

  /**
   * An access token of the provider's, as an application gets it that has signed a person in by itself; a JWT if it is for a `resource`.
   * The provider's own page about people takes no token that is for a resource; `/believing` takes every one.
   */
  async function token(subject, { client = 'roster', ...resource } = {}) {
    const query = new URLSearchParams({
      client_id: client, redirect_uri: own, response_type: 'code', scope: 'openid email', ...resource,
    });
    const back = await signIn(`${issuer}/auth?${query}`, subject);
    const code = new URL(back).searchParams.get('code');
    const answer = await fetch(configuration.tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: own, ...resource }),
    });
    return (await answer.json()).access_token;
  }

  return { configuration, signIn, token };
}
