/* uuid.c - UUIDv5 and SHA-256 through libcrypto. */
#include "claim/uuid.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { UUID_BYTES = 16 };

/* The UUIDv5 of "urn:cpor:events" in the URL namespace. */
static const unsigned char namespace_bytes[UUID_BYTES] = {
    0x92, 0xbd, 0x6b, 0xaa, 0x03, 0x1b, 0x52, 0x08, 0xa2, 0xf9, 0x4a, 0x3d, 0x82, 0x18, 0xd8, 0xaa,
};

/* Fetched once: a fetch per digest costs more than the digest itself. */
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha1, *sha256;

static void fetch_digests(void)
{
    sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

typedef struct Part {
    const void *bytes;
    size_t size;
} Part;

/* Ids are the last line against double publication, so a digest that does not work (no memory,
 * or a library without SHA-1) must not give an id at all: the process ends. */
static void digest_parts(const EVP_MD *digest, const Part *parts, size_t count,
                         unsigned char ret_bytes[EVP_MAX_MD_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && digest != NULL && EVP_DigestInit_ex2(context, digest, NULL) == 1;
    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(context, parts[i].bytes, parts[i].size) == 1;
    good = good && EVP_DigestFinal_ex(context, ret_bytes, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!good)
        abort();
}

static char *put_hex(char *text, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
    return text;
}

static void put_uuid(const unsigned char bytes[UUID_BYTES], char ret_id[UUID_SIZE])
{
    static const size_t group_sizes[] = {4, 2, 2, 2, 6};
    char *end = ret_id;
    for (size_t i = 0; i < sizeof group_sizes / sizeof group_sizes[0]; i++) {
        if (i > 0)
            *end++ = '-';
        end = put_hex(end, bytes, group_sizes[i]);
        bytes += group_sizes[i];
    }
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool uuid_is_valid(const char *text, size_t text_size)
{
    if (text_size != UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < text_size; i++) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : !is_hex(text[i]))
            return false;
    }
    return true;
}

void uuid_fold(const char *text, char ret_id[UUID_SIZE])
{
    for (size_t i = 0; i < UUID_SIZE - 1; i++)
        ret_id[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
    ret_id[UUID_SIZE - 1] = '\0';
}

void uuid_event(const char *name, char ret_id[UUID_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    const Part parts[] = {{namespace_bytes, sizeof namespace_bytes}, {name, strlen(name)}};
    pthread_once(&fetch_once, fetch_digests);
    digest_parts(sha1, parts, 2, bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x50); /* version 5 */
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80); /* RFC 4122 variant */
    put_uuid(bytes, ret_id);
}

void uuid_cause(const char *source, const char *id, char ret_id[UUID_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    /* with the NUL of source, so that ("a", "bc") and ("ab", "c") differ */
    const Part parts[] = {{source, strlen(source) + 1}, {id, strlen(id)}};
    pthread_once(&fetch_once, fetch_digests);
    digest_parts(sha256, parts, 2, bytes);
    put_uuid(bytes, ret_id);
}
