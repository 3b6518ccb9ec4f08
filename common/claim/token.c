/* token.c - HMAC-SHA-256 over libcrypto; secrets live in one block that is wiped at the end. */
#include "claim/token.h"

#include "claim/base64url.h"
#include "claim/text_check.h"
#include "claim/uuid.h"
#include "runtime/digest.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_ID_SIZE = 17,
    SECRET_SIZE_MAX = 256,
    MAC_SIZE = 32,
    MAC_TEXT_SIZE = 44, /* base64url without padding, and NUL */
    CONTACT_HASH_SIZE = 17,
    PAYLOAD_SIZE = 160, /* tenant 36, claim 64, revision 11, hash 16, three slashes, NUL */
};

typedef struct TokenKey {
    char id[KEY_ID_SIZE];
    char secret[SECRET_SIZE_MAX];
    size_t secret_size;
} TokenKey;

struct TokenKeys {
    size_t count;
    TokenKey keys[TOKEN_KEY_COUNT_MAX];
};

static const TokenKey *keys_find(const TokenKeys *keys, const char *id, size_t id_size)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strlen(keys->keys[i].id) == id_size && memcmp(keys->keys[i].id, id, id_size) == 0)
            return &keys->keys[i];
    }
    return NULL;
}

/* The text may be a secret with its id forgotten: errors say where, never what. */
static bool keys_add(TokenKeys *keys, const char *text, size_t text_size, Error *reterr)
{
    const size_t number = keys->count + 1;
    if (keys->count == TOKEN_KEY_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "read token keys: more than %d", TOKEN_KEY_COUNT_MAX);
    const char *colon = memchr(text, ':', text_size);
    const size_t id_size = colon == NULL ? 0 : (size_t)(colon - text);
    if (colon == NULL || !text_is_key_id(text, id_size, 1, KEY_ID_SIZE - 1))
        return error_set(reterr, ERROR_FATAL,
                         "read token keys: key %zu is not id:secret with an id of 1..16 letters "
                         "and digits",
                         number);
    if (keys_find(keys, text, id_size) != NULL)
        return error_set(reterr, ERROR_FATAL, "read token keys: key %zu repeats an id", number);
    const size_t secret_size = text_size - id_size - 1;
    if (secret_size < TOKEN_SECRET_SIZE_MIN || secret_size > SECRET_SIZE_MAX)
        return error_set(reterr, ERROR_FATAL,
                         "read token keys: the secret of key %zu has %zu bytes (give %d..%d)",
                         number, secret_size, TOKEN_SECRET_SIZE_MIN, SECRET_SIZE_MAX);
    TokenKey *key = &keys->keys[keys->count++];
    memcpy(key->id, text, id_size);
    memcpy(key->secret, colon + 1, secret_size);
    key->secret_size = secret_size;
    return true;
}

bool token_keys_open(const char *keys, TokenKeys **ret_keys, Error *reterr)
{
    TokenKeys *made __attribute__((cleanup(token_keys_release))) = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(reterr, ERROR_FATAL, "read token keys: out of memory");
    for (const char *text = keys, *end; text != NULL; text = *end == ',' ? end + 1 : NULL) {
        end = text + strcspn(text, ",");
        if (!keys_add(made, text, (size_t)(end - text), reterr))
            return false;
    }
    *ret_keys = made;
    made = NULL;
    return true;
}

void token_keys_release(TokenKeys **keys)
{
    if (*keys == NULL)
        return;
    OPENSSL_cleanse(*keys, sizeof **keys);
    free(*keys);
    *keys = NULL;
}

static bool base64url_decode(const char *text, size_t text_size, char ret_text[PAYLOAD_SIZE])
{
    unsigned char padded[TOKEN_SIZE_MAX], decoded[TOKEN_SIZE_MAX] = {0};
    const size_t padding_size = (4 - text_size % 4) % 4;
    if (text_size + padding_size >= sizeof padded || padding_size == 3)
        return false;
    for (size_t i = 0; i < text_size; i++)
        padded[i] = (unsigned char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
    memset(padded + text_size, '=', padding_size);
    const int size = EVP_DecodeBlock(decoded, padded, (int)(text_size + padding_size));
    if (size <= (int)padding_size || (size_t)size - padding_size >= PAYLOAD_SIZE)
        return false;
    memcpy(ret_text, decoded, (size_t)size - padding_size);
    ret_text[(size_t)size - padding_size] = '\0';
    return true;
}

/* A library that cannot sign must not give a token that looks signed: the process ends. */
static void mac_text(const TokenKey *key, const char *text, size_t text_size,
                     char ret_text[MAC_TEXT_SIZE + 1])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_size = 0;
    if (HMAC(EVP_sha256(), key->secret, (int)key->secret_size, (const unsigned char *)text,
             text_size, mac, &mac_size) == NULL ||
        mac_size != MAC_SIZE)
        abort();
    base64url_encode(mac, mac_size, ret_text);
}

static void contact_hash(const char *email, Arena *arena, char ret_hash[CONTACT_HASH_SIZE])
{
    char *folded = arena_text(arena, email);
    for (char *c = folded; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    char hex[65];
    sha256_hex(folded, strlen(folded), hex);
    memcpy(ret_hash, hex, CONTACT_HASH_SIZE - 1);
    ret_hash[CONTACT_HASH_SIZE - 1] = '\0';
}

const char *token_sign(const TokenKeys *keys, const char *tenant_id, const char *claim_id,
                       int32_t revision, const char *email, Arena *arena)
{
    const TokenKey *key = &keys->keys[0];
    char hash[CONTACT_HASH_SIZE];
    contact_hash(email, arena, hash);
    const char *payload =
        arena_printf(arena, "%s/%s/%" PRId32 "/%s", tenant_id, claim_id, revision, hash);
    const size_t payload_size = strlen(payload);
    char *encoded = arena_new(arena, payload_size / 3 * 4 + 5);
    base64url_encode((const unsigned char *)payload, payload_size, encoded);
    const char *signed_text = arena_printf(arena, "v1.%s.%s", key->id, encoded);
    char mac[MAC_TEXT_SIZE + 1];
    mac_text(key, signed_text, strlen(signed_text), mac);
    return arena_printf(arena, "%s.%s", signed_text, mac);
}

/* The next field of a payload that ends at a slash (or, the last one, at the end). */
static bool field_take(const char **text, char end, char *ret_field, size_t field_room)
{
    const char *stop = strchr(*text, end);
    const size_t size = stop == NULL ? 0 : (size_t)(stop - *text);
    if (size == 0 || size >= field_room)
        return false;
    memcpy(ret_field, *text, size);
    ret_field[size] = '\0';
    *text = stop + (end == '\0' ? 0 : 1);
    return true;
}

static bool payload_read(const char *payload, TokenContent *ret_content)
{
    TokenContent content = {0};
    char revision[11];
    if (!field_take(&payload, '/', content.tenant_id, sizeof content.tenant_id) ||
        !field_take(&payload, '/', content.claim_id, sizeof content.claim_id) ||
        !field_take(&payload, '/', revision, sizeof revision) ||
        !field_take(&payload, '\0', content.contact_hash, sizeof content.contact_hash))
        return false;
    if (!uuid_is_valid(content.tenant_id, strlen(content.tenant_id)) ||
        !text_is_claim_id(content.claim_id, strlen(content.claim_id), 1, CLAIM_ID_SIZE - 1) ||
        !text_is_digits(revision, strlen(revision), 1, 10) ||
        !text_is_hex(content.contact_hash, strlen(content.contact_hash), 16, 16))
        return false;
    const long number = strtol(revision, NULL, 10);
    if (number > INT32_MAX)
        return false;
    content.revision = (int32_t)number;
    *ret_content = content;
    return true;
}

const char *token_verdict_name(TokenVerdict verdict)
{
    static const char *const names[TOKEN_VERDICT_COUNT] = {
        [TOKEN_GOOD] = "good",
        [TOKEN_UNREADABLE] = "unreadable",
        [TOKEN_UNKNOWN_KEY] = "unknown_key",
        [TOKEN_FORGED] = "forged",
        [TOKEN_FOREIGN] = "foreign",
        [TOKEN_FORMER_CONTACT] = "former_contact",
    };
    return names[verdict];
}

TokenVerdict token_examine(const TokenKeys *keys, const char *token, TokenContent *ret_content)
{
    const size_t size = strnlen(token, TOKEN_SIZE_MAX + 1);
    if (size > TOKEN_SIZE_MAX || strncmp(token, "v1.", 3) != 0)
        return TOKEN_UNREADABLE;
    const char *id = token + 3;
    const char *payload = strchr(id, '.');
    const char *mac = payload == NULL ? NULL : strchr(payload + 1, '.');
    if (mac == NULL)
        return TOKEN_UNREADABLE;
    const TokenKey *key = keys_find(keys, id, (size_t)(payload - id));
    if (key == NULL)
        return TOKEN_UNKNOWN_KEY;
    char expected[MAC_TEXT_SIZE + 1];
    mac_text(key, token, (size_t)(mac - token), expected);
    const size_t mac_size = strlen(expected);
    if (size - (size_t)(mac + 1 - token) != mac_size ||
        CRYPTO_memcmp(mac + 1, expected, mac_size) != 0)
        return TOKEN_FORGED;
    char text[PAYLOAD_SIZE];
    return base64url_decode(payload + 1, (size_t)(mac - payload - 1), text) &&
                   payload_read(text, ret_content)
               ? TOKEN_GOOD
               : TOKEN_UNREADABLE;
}

bool token_verify(const TokenKeys *keys, const char *token, TokenContent *ret_content)
{
    return token_examine(keys, token, ret_content) == TOKEN_GOOD;
}
