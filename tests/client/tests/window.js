// What the client looks for in a browser: with it, it proves by a hash (S256) that a code is its own.

globalThis.window ??= { btoa, atob, TextEncoder, TextDecoder, addEventListener() {} };
globalThis.location ??= { protocol: 'http:', host: 'localhost:3000', origin: 'http://localhost:3000' };
