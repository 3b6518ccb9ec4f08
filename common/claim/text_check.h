/* text_check.h - is a text a name, a mail address, a domain, ...? Pure; no locale. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each takes text_size bytes, which may hold NULs, and bounds whose unit is the check's own. */
typedef bool TextCheck(const char *text, size_t text_size, int64_t min, int64_t max);

TextCheck text_is_plain;      /* UTF-8 of min..max code points; no control or bidi override */
TextCheck text_is_message;    /* the same, but line feeds and tabs may be in it */
TextCheck text_is_said;       /* a message that is not blank */
TextCheck text_is_claim_id;   /* min..max of A-Z a-z 0-9 . _ - */
TextCheck text_is_key_id;     /* min..max of A-Z a-z 0-9 */
TextCheck text_is_digits;     /* min..max of 0-9 */
TextCheck text_is_guid;       /* either case; no bounds */
TextCheck text_is_domain;     /* DNS name of two labels or more, at most 253 bytes; no bounds */
TextCheck text_is_email;      /* dot-atom@domain, at most 254 bytes; no bounds */
TextCheck text_is_country;    /* two capital letters; no bounds */
TextCheck text_is_locale;     /* shape of BCP 47, at most 35 bytes; no bounds */
TextCheck text_is_zone_name;  /* min..max of A-Z a-z 0-9 _ + - / */
TextCheck text_is_code;       /* min..max of A-Z 0-9 _ */
TextCheck text_is_hex;        /* min..max hexadecimal digits, either case */
TextCheck text_is_media_type; /* type/subtype without parameters; no bounds */
TextCheck text_is_uri;        /* min..max of printable ASCII without spaces */
