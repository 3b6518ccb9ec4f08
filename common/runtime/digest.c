/* digest.c - SHA-256 through libcrypto. */
#include "digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

enum { SHA256_SIZE = 32 };

/* Fetched once: a fetch per digest costs more than the digest itself. */
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void sha256_hex(const void *bytes, size_t size, char ret_hex[65])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    pthread_once(&fetch_once, fetch);
    if (sha256 == NULL || EVP_Digest(bytes, size, digest, NULL, sha256, NULL) != 1)
        abort();
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        *ret_hex++ = digits[digest[i] >> 4];
        *ret_hex++ = digits[digest[i] & 15];
    }
    *ret_hex = '\0';
}
