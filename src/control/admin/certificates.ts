/** control/admin/certificates.ts: endpoints for the certificates that are shown to clients. */
import { type Endpoint, endpoint, json, reply } from './endpoint.js';
import { certificateAnswer, listOf } from './openapi/answers.js';

export const certificateEndpoints: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/api/certificates',
    id: 'getCertificates',
    summary: 'The certificates that are shown to clients',
    tag: 'balancer',
    answers: { 200: json('The certificates in use; keys are never shown.', listOf(certificateAnswer)) },
    handle: ({ source }) => reply(200, source.certificates),
  }),
  endpoint({
    method: 'post',
    path: '/api/certificates/reload',
    id: 'reloadCertificates',
    summary: 'Reads the files of certificates and keys again',
    description: 'A certificate that cannot be used leaves the one before in use; `problem` says why.',
    tag: 'balancer',
    answers: { 200: json('The certificates that new handshakes get from now on.', listOf(certificateAnswer)) },
    handle: async ({ source }) => reply(200, await source.reloadCertificates()),
  }),
];
