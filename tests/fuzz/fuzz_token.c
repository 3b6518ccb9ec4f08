/* fuzz_token.c - tokens: what was signed verifies as itself, and nothing else does. */
#include "claim/text_check.h"
#include "claim/token.h"
#include "claim/uuid.h"
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SECRET "0123456789abcdef"

static Arena arena;
static TokenKeys *keys;

static const char *base64url(const void *bytes, size_t size)
{
    char *text = arena_new(&arena, size / 3 * 4 + 5);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
    text[strcspn(text, "=")] = '\0';
    for (char *c = text; *c != '\0'; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    return text;
}

static const char *with_mac(const char *text)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    require(HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (const unsigned char *)text,
                 strlen(text), mac, &size) != NULL);
    return arena_printf(&arena, "%s.%s", text, base64url(mac, size));
}

/* A foreign signer with our key may say what it likes: only what we could have said is read. */
static void check_content(const char *token)
{
    TokenContent content;
    if (!token_verify(keys, token, &content))
        return;
    require(uuid_is_valid(content.tenant_id, strlen(content.tenant_id)));
    require(text_is_claim_id(content.claim_id, strlen(content.claim_id), 1, CLAIM_ID_SIZE - 1));
    require(content.revision >= 0);
    require(text_is_hex(content.contact_hash, strlen(content.contact_hash), 16, 16));
}

static void check_signed(const char *claim_id, const char *email, uint8_t where)
{
    static const char tenant[] = "7f3c2a10-0b1d-4e5f-8a9b-1c2d3e4f5a6b";
    TokenContent content;
    char *token = arena_text(&arena, token_sign(keys, tenant, claim_id, where, email, &arena));
    const bool good = text_is_claim_id(claim_id, strlen(claim_id), 1, CLAIM_ID_SIZE - 1);
    require(token_verify(keys, token, &content) == good);
    if (good)
        require(strcmp(content.claim_id, claim_id) == 0 && content.revision == where &&
                strcmp(content.tenant_id, tenant) == 0);
    token[where % strlen(token)] ^= 1;
    require(!token_verify(keys, token, &content));
}

/* First byte: t, the rest is a token; p, the payload of one that is signed well; s, a claim id and
 * an address to sign, in two lines. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Error error = {0};
    TokenContent content;
    if (size < 2)
        return -1;
    if (keys == NULL)
        require(token_keys_open("k1:" SECRET, &keys, &error));
    arena_reset(&arena);
    const char *text = arena_copy(&arena, (const char *)bytes + 1, size - 1);
    if (bytes[0] == 't') {
        if (token_verify(keys, text, &content)) /* only one that these keys signed */
            require(strcmp(text, with_mac(arena_copy(&arena, text,
                                                     (size_t)(strrchr(text, '.') - text)))) == 0);
    } else if (bytes[0] == 'p') {
        check_content(with_mac(arena_printf(&arena, "v1.k1.%s", base64url(bytes + 1, size - 1))));
        check_content(with_mac(arena_printf(&arena, "v1.k1.%s", text)));
    } else if (bytes[0] == 's') {
        bytes++;
        size--;
        const uint8_t where = bytes[0];
        const char *claim_id = fuzz_line(&arena, &bytes, &size);
        check_signed(claim_id, fuzz_line(&arena, &bytes, &size), where);
    } else {
        return -1;
    }
    return 0;
}
