/* mime_body.c - text parts in quoted-printable or base64 (RFC 2045). */
#include "claim/mime.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    QUOTED_LINE_SIZE_MAX = 75, /* and the "=" of a soft line end */
    BASE64_LINE_BYTES = 57,    /* 76 characters */
    BASE64_LINE_SIZE = 76,
};

static void put(JsonWriter *message, const char *text)
{
    writer_append(message, text, strlen(text));
}

/* A byte as it is, or as =XX. Blanks at the end of a line would be lost on the way. */
static size_t quote_byte(const char *at, char ret_text[3])
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char c = (unsigned char)*at;
    const bool is_last = at[1] == '\n' || at[1] == '\0';
    if ((c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !is_last)) {
        ret_text[0] = *at;
        return 1;
    }
    ret_text[0] = '=';
    ret_text[1] = digits[c >> 4];
    ret_text[2] = digits[c & 15];
    return 3;
}

static void put_quoted_printable(JsonWriter *message, const char *text)
{
    size_t column = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            put(message, "\r\n");
            column = 0;
            continue;
        }
        char quoted[3];
        const size_t size = quote_byte(text, quoted);
        if (column + size > QUOTED_LINE_SIZE_MAX) {
            put(message, "=\r\n");
            column = 0;
        }
        writer_append(message, quoted, size);
        column += size;
    }
    if (column > 0)
        put(message, "=\r\n"); /* a text without a line feed at its end gets none */
}

static void put_base64_line(JsonWriter *message, const unsigned char *bytes, size_t size)
{
    unsigned char line[BASE64_LINE_SIZE + 1];
    const int line_size = EVP_EncodeBlock(line, bytes, (int)size);
    writer_append(message, (const char *)line, (size_t)line_size);
    put(message, "\r\n");
}

/* The line ends of a text are CRLF before they are encoded, too. */
static void put_base64(JsonWriter *message, const char *text)
{
    unsigned char bytes[BASE64_LINE_BYTES + 2];
    size_t size = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            bytes[size++] = '\r';
        bytes[size++] = (unsigned char)*text;
        if (size < BASE64_LINE_BYTES)
            continue;
        put_base64_line(message, bytes, BASE64_LINE_BYTES);
        size -= BASE64_LINE_BYTES;
        bytes[0] = bytes[BASE64_LINE_BYTES]; /* at most one is left over: the LF of a CRLF */
    }
    if (size > 0)
        put_base64_line(message, bytes, size);
}

/* Quoted-printable makes three bytes of each that is not ASCII; base64 four of any three. */
static bool is_mostly_ascii(const char *text)
{
    size_t other_count = 0, size = 0;
    for (; text[size] != '\0'; size++)
        other_count += (unsigned char)text[size] >= 0x80;
    return other_count <= size / 6;
}

void mime_text_part(JsonWriter *message, const char *subtype, const char *text)
{
    const bool mostly_ascii = is_mostly_ascii(text);
    put(message, "Content-Type: text/");
    put(message, subtype);
    put(message, "; charset=utf-8\r\n");
    mime_header(message, "Content-Transfer-Encoding", mostly_ascii ? "quoted-printable" : "base64");
    put(message, "\r\n");
    if (mostly_ascii)
        put_quoted_printable(message, text);
    else
        put_base64(message, text);
}
