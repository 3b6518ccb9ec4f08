/* base64.c - see base64.h; libcrypto's decoder, which by itself takes more than the standard. */
#include "claim/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

char *base64_decode(const char *text, size_t text_size, Arena *arena, size_t *ret_size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text_size % 4 != 0 || text_size > INT_MAX || strlen(text) != text_size)
        return NULL;
    const size_t plain_size = strspn(text, alphabet);
    const size_t padding_size = text_size - plain_size;
    if (padding_size > 2 || strspn(text + plain_size, "=") != padding_size)
        return NULL;
    unsigned char *bytes = arena_new(arena, text_size / 4 * 3 + 1);
    if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)text_size) < 0)
        return NULL;
    *ret_size = text_size / 4 * 3 - padding_size;
    return (char *)bytes;
}
