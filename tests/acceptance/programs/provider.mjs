// An OpenID provider with pages of its own, where anybody logs in by name. Each has a group; the password is not asked for.
// node provider.mjs PORT FOLDER CONSOLE, where FOLDER has oidc-provider; prints a line when it listens.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [port, folder, console_] = [Number(process.argv[2]), process.argv[3], process.argv[4]];
const library = pathToFileURL(join(folder, 'node_modules', 'oidc-provider', 'lib', 'index.js'));
const { Provider } = await import(library);

const groups = { ada: ['leads'], vera: ['watchers'], zoe: ['leads', 'watchers'] };
const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: 'side gate',
      client_secret: 'cl1ent+s3cret',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [`${console_}/login/oidc/callback`],
      post_logout_redirect_uris: [`${console_}/login`],
    },
  ],
  claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ['tests'] },
  ttl: { Session: 3600, Grant: 3600, Interaction: 600, AccessToken: 600, IdToken: 600 },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.org`,
      email_verified: id !== 'mallory',
      groups: groups[id] ?? [],
    }),
  }),
});
createServer(provider.callback()).listen(port, '127.0.0.1', () => console.log('listening'));
