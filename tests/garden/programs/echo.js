// A server that appends each request to the file in GARDEN_LOG before it answers.
const { createHash } = require('node:crypto');
const { openSync, writeSync } = require('node:fs');
const { createServer } = require('node:http');

const log = openSync(process.env.GARDEN_LOG, 'a', 0o600);
const hex = (text) => Buffer.from(text, 'latin1').toString('hex');

const server = createServer((request, response) => {
  const digest = createHash('sha256');
  request.on('data', (piece) => digest.update(piece));
  request.on('end', () => {
    writeSync(log, `${hex(request.method)} ${hex(request.url)} ${digest.digest('hex')}\n`);
    response.end('ok');
  });
});
server.keepAliveTimeout = 60_000;
const place = process.argv[2];
server.listen(place.startsWith('/') ? { path: place } : { port: Number(place), host: '127.0.0.1' });
