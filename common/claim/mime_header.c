/* mime_header.c - RFC 5322 fields and RFC 2047 encoded words. */
#include "claim/mime.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    LINE_SIZE_MAX = 76, /* of RFC 2047 for a line with encoded words; kept for all */
    WORD_SIZE_MAX = 75,
    WORD_FRAME_SIZE = 12, /* =?UTF-8?B? and ?= */
    CHUNK_SIZE_MAX = (WORD_SIZE_MAX - WORD_FRAME_SIZE) / 4 * 3,
    PLAIN_WORD_SIZE_MAX = 60,  /* a longer one cannot be folded, so it is encoded */
    QUOTED_NAME_SIZE_MAX = 32, /* fits its line even if each of its bytes needs a backslash */
    CHARACTER_SIZE_MAX = 4,
    ADDRESS_SIZE_MAX = 254,
};

static void put(JsonWriter *message, const char *text)
{
    writer_append(message, text, strlen(text));
}

void mime_header(JsonWriter *message, const char *name, const char *value)
{
    put(message, name);
    put(message, ": ");
    put(message, value);
    put(message, "\r\n");
}

/* May it stand as it is, between single blanks? */
static bool is_plain(const char *text)
{
    size_t word_size = 0;
    for (const char *c = text; *c != '\0'; c++) {
        word_size = *c == ' ' ? 0 : word_size + 1;
        const bool odd_blank = *c == ' ' && (c == text || c[1] == ' ' || c[1] == '\0');
        if (*c < 0x20 || *c > 0x7e || odd_blank || word_size > PLAIN_WORD_SIZE_MAX)
            return false;
    }
    return strstr(text, "=?") == NULL;
}

/* Blanks stay where lines end: unfolding takes the line end out and nothing else. */
static size_t put_folded(JsonWriter *message, const char *text, size_t column)
{
    while (*text != '\0') {
        const size_t blank = *text == ' ' ? 1 : 0;
        const size_t size = blank + strcspn(text + blank, " ");
        if (column + size > LINE_SIZE_MAX && blank == 1) {
            put(message, "\r\n");
            column = 0;
        }
        writer_append(message, text, size);
        column += size;
        text += size;
    }
    return column;
}

/* The longest start of text within size_max bytes that ends between two characters. */
static size_t chunk_size(const char *text, size_t size_max)
{
    size_t size = strnlen(text, size_max + 1);
    if (size <= size_max)
        return size;
    size = size_max;
    while (size > size_max - CHARACTER_SIZE_MAX + 1 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static size_t put_encoded_word(JsonWriter *message, const char *text, size_t size)
{
    unsigned char encoded[WORD_SIZE_MAX];
    const int encoded_size = EVP_EncodeBlock(encoded, (const unsigned char *)text, (int)size);
    put(message, "=?UTF-8?B?");
    writer_append(message, (const char *)encoded, (size_t)encoded_size);
    put(message, "?=");
    return (size_t)encoded_size + WORD_FRAME_SIZE;
}

static size_t put_encoded(JsonWriter *message, const char *text, size_t column)
{
    size_t room_max = (LINE_SIZE_MAX - column - WORD_FRAME_SIZE) / 4 * 3;
    while (*text != '\0') {
        const size_t size = chunk_size(text, room_max < CHUNK_SIZE_MAX ? room_max : CHUNK_SIZE_MAX);
        column += put_encoded_word(message, text, size);
        text += size;
        room_max = CHUNK_SIZE_MAX;
        if (*text != '\0') {
            put(message, "\r\n ");
            column = 1;
        }
    }
    return column;
}

void mime_header_text(JsonWriter *message, const char *name, const char *text)
{
    put(message, name);
    put(message, ": ");
    if (is_plain(text))
        (void)put_folded(message, text, strlen(name) + 2);
    else
        (void)put_encoded(message, text, strlen(name) + 2);
    put(message, "\r\n");
}

static size_t put_quoted(JsonWriter *message, const char *text)
{
    const size_t before = message->size;
    put(message, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            put(message, "\\");
        writer_append(message, text, 1);
    }
    put(message, "\"");
    return message->size - before;
}

void mime_header_address(JsonWriter *message, const char *name, const char *display_name,
                         const char *address)
{
    size_t column = strlen(name) + 2;
    put(message, name);
    put(message, ": ");
    if (display_name[0] != '\0') {
        const bool quotable =
            is_plain(display_name) && strlen(display_name) <= QUOTED_NAME_SIZE_MAX;
        column += quotable ? put_quoted(message, display_name)
                           : put_encoded(message, display_name, column) - column;
        put(message, column + strlen(address) + 3 > LINE_SIZE_MAX ? "\r\n " : " ");
    }
    put(message, "<");
    put(message, address);
    put(message, ">\r\n");
}

bool mime_is_address(const char *text)
{
    const size_t size = strnlen(text, ADDRESS_SIZE_MAX + 1);
    const char *at = strchr(text, '@');
    if (size > ADDRESS_SIZE_MAX || at == NULL || at == text || at[1] == '\0' ||
        strchr(at + 1, '@') != NULL)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= 0x20 || text[i] > 0x7e || strchr("()<>[]:;,\\\"", text[i]) != NULL)
            return false;
    }
    return true;
}
