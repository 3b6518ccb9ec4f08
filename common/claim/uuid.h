/* uuid.h - name-based ids: the same fact has the same id, whoever publishes it and how often. */
#pragma once

#include "claim/claim.h"

/* uuid_is_valid - 36 characters, hex and hyphens, either case. */
bool uuid_is_valid(const char *text, size_t text_size);

/* uuid_fold - copy in lower case; text must be valid. */
void uuid_fold(const char *text, char ret_id[UUID_SIZE]);

/* uuid_event - UUIDv5 of name in the namespace of cpor events
 * (92bd6baa-031b-5208-a2f9-4a3d8218d8aa). Pure. */
void uuid_event(const char *name, char ret_id[UUID_SIZE]);

/* uuid_cause - a key for (source, id): SHA-256 of source, NUL, id, cut to 128 bits, as uuid text.
 */
void uuid_cause(const char *source, const char *id, char ret_id[UUID_SIZE]);
