// A server on the second TypeScript SDK: `server.mjs PORT|stdio EXECUTED_FILE`.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const [where, executed] = process.argv.slice(2);
const note = (tool, args) => appendFileSync(executed, JSON.stringify({ tool, arguments: args }) + '\n');
const text = (words) => ({ content: [{ type: 'text', text: words }] });

function make() {
  const server = new McpServer({ name: 'fixture', version: '1.0.0' });
  const any = z.object({ x: z.any() });
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
      inputSchema: z.object({ payee: z.string(), amount: z.number() }),
      outputSchema: z.object({ payment: z.string(), amount: z.number() }),
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
  serveStdio(make);
} else {
  createServer(toNodeHandler(createMcpHandler(make))).listen(Number(where), '127.0.0.1');
}
