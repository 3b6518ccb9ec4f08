/* base64url.c - see base64url.h. */
#include "claim/base64url.h"

#include <openssl/evp.h>
#include <string.h>

void base64url_encode(const unsigned char *bytes, size_t size, char *ret_text)
{
    EVP_EncodeBlock((unsigned char *)ret_text, bytes, (int)size);
    ret_text[strcspn(ret_text, "=")] = '\0';
    for (char *c = ret_text; *c != '\0'; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
}
