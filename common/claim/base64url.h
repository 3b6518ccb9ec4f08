/* base64url.h - RFC 4648 section 5, without padding. */
#pragma once

#include <stddef.h>

/* base64url_encode - ret_text holds 4 characters for every 3 bytes begun, and a NUL. */
void base64url_encode(const unsigned char *bytes, size_t size, char *ret_text);
