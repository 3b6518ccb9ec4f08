/*
 * mime.h - header fields and body parts of a message, so that no text can become anything else.
 *
 * Each writes whole lines, ended by CRLF and at most 76 bytes long; only a long address makes a
 * longer one.
 */
#pragma once

#include "claim/json_writer.h"

/*
 * mime_header - "name: value", value as it is.
 *
 * In:      value  our own ASCII, short; never a text from outside.
 */
void mime_header(JsonWriter *message, const char *name, const char *value);

/*
 * mime_header_text - an unstructured field. Plain ASCII is folded at its blanks; anything else
 * becomes encoded words (RFC 2047), split between characters; so do control characters, line ends
 * and texts that look like encoded words.
 *
 * In:      text  UTF-8 of any length.
 */
void mime_header_text(JsonWriter *message, const char *name, const char *text);

/*
 * mime_header_address - a field with one address and the name before it, quoted or encoded.
 *
 * In:      display_name  UTF-8 of any length and content; "" for none.
 *          address       mime_is_address.
 */
void mime_header_address(JsonWriter *message, const char *name, const char *display_name,
                         const char *address);

/* mime_is_address - one local part, one @ and one host of visible ASCII, no quoting and nothing
 * with a meaning in a header; at most 254 bytes. */
bool mime_is_address(const char *text);

/*
 * mime_text_part - the headers of a text part, the empty line and its content.
 *
 * In:      subtype  "plain" or "html".
 *          text     UTF-8 with line feeds. Mostly ASCII goes as quoted-printable, which a person
 *                   can read in a log; the rest as base64.
 */
void mime_text_part(JsonWriter *message, const char *subtype, const char *text);
