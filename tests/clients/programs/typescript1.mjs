// The first TypeScript SDK: what the application gets. `client.mjs URL|COMMAND ERA`.
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [where] = process.argv.slice(2);
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const client = new Client({ name: 'client', version: '1.0.0' });
if (where.startsWith('[')) {
  const [command, ...args] = JSON.parse(where);
  await client.connect(new StdioClientTransport({ command, args, env: process.env }));
} else if (where.endsWith('/sse')) {
  await client.connect(new SSEClientTransport(new URL(where)));
} else {
  await client.connect(new StreamableHTTPClientTransport(new URL(where)));
}
await client.listTools();
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { tool, arguments: args } = JSON.parse(line);
  try {
    const result = await client.callTool({ name: tool, arguments: args });
    const text = result.content.map((part) => part.text ?? '').join(' ');
    say({ seen: { text, structured: result.structuredContent ?? null, error: result.isError ?? false } });
  } catch (error) {
    say({ raised: String(error) });
  }
}
await client.close();
