/** config/fields.ts: header fields as a person writes them into a configuration. */
import * as z from 'zod';

/** RFC 9110 section 5.1. */
export const fieldName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'is no name of a header field' });

/** RFC 9110 section 5.5, without obs-text: a person means ASCII here, and a CR or LF would be another message. */
export const fieldValue = z
  .string()
  .max(4_096)
  .regex(/^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/, { error: 'must be printable ASCII without outer spaces' });
