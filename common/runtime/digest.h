/* digest.h - SHA-256 as a text. */
#pragma once

#include <stddef.h>

/* sha256_hex - 64 hex digits and NUL. A library that has no SHA-256 ends the process: what is built
 * on digests must not go on without. */
void sha256_hex(const void *bytes, size_t size, char ret_hex[65]);
