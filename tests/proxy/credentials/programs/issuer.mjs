// An OpenID provider of one client and one grant: refresh tokens rotate, and a second use ends the grant.
// node issuer.mjs PORT FOLDER, where FOLDER has oidc-provider; prints the refresh token when it listens.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const library = pathToFileURL(join(folder, 'node_modules', 'oidc-provider', 'lib', 'index.js'));
const { Provider } = await import(library);

const client = {
  client_id: 'app 1',
  client_secret: 'cl1ent+s3cret',
  grant_types: ['refresh_token', 'authorization_code'],
  response_types: ['code'],
  redirect_uris: ['http://127.0.0.1/back'],
};
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
  rotateRefreshToken: () => true,
  ttl: { AccessToken: 1800, RefreshToken: 86400, Grant: 86400 },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

const scope = 'openid offline_access';
const grant = new provider.Grant({ accountId: 'ada', clientId: client.client_id });
grant.addOIDCScope(scope);
const token = new provider.RefreshToken({
  accountId: 'ada',
  client: await provider.Client.find(client.client_id),
  grantId: await grant.save(),
  scope,
  gty: 'authorization_code',
  authTime: Math.floor(Date.now() / 1000),
});
const refresh = await token.save();
createServer(provider.callback()).listen(port, '127.0.0.1', () => console.log(refresh));
