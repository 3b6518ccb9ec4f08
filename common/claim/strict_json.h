/* strict_json.h - JSON as the contract wants it: no duplicate keys, no trailing bytes, no BOM. */
#pragma once

#include "runtime/error.h"

#include <jansson.h>

enum { EVENT_SIZE_MAX = 256 * 1024, JSON_DEPTH_MAX = 16 };

/*
 * json_decode_strict - parse one event's data.
 *
 * Out:     ret_root  new reference; an object (anything else is FIELD_INVALID).
 * Errors:  REJECT  TOO_LARGE, NOT_JSON (empty and null value too), TOO_DEEP, FIELD_INVALID.
 *          Numbers too large for 64 bits are read as a non-integer, not refused as JSON.
 *          \u0000 in a text is kept: a control character that the field rules refuse.
 */
MUST_CHECK bool json_decode_strict(const void *text, size_t text_size, json_t **ret_root,
                                   Error *reterr);

/*
 * json_read_file - parse a small file of an installation: no duplicate keys, no NUL byte.
 *
 * Out:     ret_root  new reference; an object or an array.
 * Errors:  FATAL  no such file, over 1 MiB, or no such JSON: which file, which line, why.
 */
MUST_CHECK bool json_read_file(const char *path, json_t **ret_root, Error *reterr);

/* json_release - cleanup attribute for json_t *. */
void json_release(json_t **root);
#define JSON_AUTO __attribute__((cleanup(json_release))) json_t *
