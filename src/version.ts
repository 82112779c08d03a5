/**
 * version.ts: the version of this program, which is also that in package.json; a test compares them. A bundle, or a copy
 * of the compiled files, has no package.json that could be read.
 */
export const VERSION = '0.1.0';
