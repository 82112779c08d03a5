/** config/fields.ts: the schemas of header fields in a configuration. */
import * as z from 'zod';

/** Name of a header field (RFC 9110 section 5.1). */
export const fieldNameSchema = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'is not a valid field name' });

/** Value of a header field (RFC 9110 section 5.5) in printable ASCII; CR or LF would end the field. */
export const fieldValueSchema = z
  .string()
  .max(4_096)
  .regex(/^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/, { error: 'must be printable ASCII without outer spaces' });

/** A value of Host: a host and an optional port (RFC 9110 section 7.2). */
export const HOST_FIELD = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
