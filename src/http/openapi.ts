/**
 * `/openapi.json`: the document of every declared route. Open, because it is the same for every installation and names
 * no number, setting or secret.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { HttpEnv } from './env.ts';

/** Call it after the last route is declared; the document is made at the first request and then kept. */
export function serveOpenApi(app: OpenAPIHono<HttpEnv>, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    type: 'apiKey',
    in: 'header',
    name: 'X-Node-Token',
  });
  let document: string | undefined;
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(
      app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'Node Bridge', version } }),
    );
    return c.body(document, 200, { 'Content-Type': 'application/json' });
  });
}
