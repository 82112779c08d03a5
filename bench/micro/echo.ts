/** bench/micro/echo.ts: a process that sends every message back. */
process.on('message', (message) => process.send?.(message));
