// The client looks for WebSocket when it is loaded, and Node has it from version 22 only. Nothing here opens one.

globalThis.WebSocket ??= class WebSocket extends EventTarget {};
