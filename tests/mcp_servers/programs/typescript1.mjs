// A server on the first TypeScript SDK: `server.mjs PORT|stdio EXECUTED_FILE`.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const [where, executed] = process.argv.slice(2);
const note = (tool, args) => appendFileSync(executed, JSON.stringify({ tool, arguments: args }) + '\n');
const text = (words) => ({ content: [{ type: 'text', text: words }] });

function make() {
  const server = new McpServer({ name: 'fixture', version: '1.0.0' });
  const any = { x: z.any() };
  server.registerTool('safe', { description: 'Get a number.', inputSchema: any }, ({ x }) => {
    note('safe', { x });
    return text(`safe ${x}`);
  });
  server.registerTool('danger', { description: 'Delete everything.', inputSchema: any }, ({ x }) => {
    note('danger', { x });
    return text(`danger ${x}`);
  });
  server.registerTool(
    'pay',
    {
      description: 'Pay somebody.',
      inputSchema: { payee: z.string(), amount: z.number() },
      outputSchema: { payment: z.string(), amount: z.number() },
    },
    ({ payee, amount }) => {
      note('pay', { payee, amount });
      const receipt = { payment: `to ${payee}`, amount };
      return { ...text(JSON.stringify(receipt)), structuredContent: receipt };
    },
  );
  return server;
}

if (where === 'stdio') {
  await make().connect(new StdioServerTransport());
} else {
  createServer(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await make().connect(transport);
    await transport.handleRequest(request, response);
  }).listen(Number(where), '127.0.0.1');
}
