/* signature.c - HMAC-SHA-256 (RFC 2104) over libcrypto, its two states prepared once for a key. */
#include "claim/signature.h"

#include "claim/base64url.h"
#include "claim/text_check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_ID_SIZE = SIGNATURE_ID_SIZE_MAX + 1,
    BLOCK_SIZE = 64, /* of SHA-256 */
    MAC_SIZE = 32,
    MAC_TEXT_SIZE = 45, /* base64url, padding that is cut off, and NUL */
    MAC_TEXT_LENGTH = 43,
    ROLE_COUNT = 5,
};

typedef struct EventKey {
    char id[KEY_ID_SIZE];
    unsigned role;
    EVP_MD_CTX *inner, *outer; /* after the padded key */
} EventKey;

struct EventKeys {
    EVP_MD *digest; /* fetched once: a fetch for each record costs as much as a record */
    size_t count;
    EventKey keys[EVENT_KEY_COUNT_MAX];
};

static const char *const role_names[ROLE_COUNT] = {"worker", "operator", "reviewer", "importer",
                                                   "mail"};

const char *signature_role_name(unsigned role)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (role == 1U << i)
            return role_names[i];
    return "unsigned";
}

static unsigned role_from_name(const char *name, size_t name_size)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strlen(role_names[i]) == name_size && memcmp(role_names[i], name, name_size) == 0)
            return 1U << i;
    return SIGNATURE_NOBODY;
}

const char *signature_verdict_name(SignatureVerdict verdict)
{
    static const char *const names[SIGNATURE_VERDICT_COUNT] = {
        [SIGNATURE_GOOD] = "good",
        [SIGNATURE_MISSING] = "missing",
        [SIGNATURE_UNREADABLE] = "unreadable",
        [SIGNATURE_UNKNOWN_KEY] = "unknown_key",
        [SIGNATURE_FORGED] = "forged",
        [SIGNATURE_FOREIGN_ROLE] = "foreign_role",
    };
    return names[verdict];
}

/* ---- keys ---- */

/* A library that cannot hash must not give a signature that looks good: the process ends. */
static void must(int is_done)
{
    if (!is_done)
        abort();
}

static EVP_MD_CTX *state_new(const EVP_MD *digest, const unsigned char key[BLOCK_SIZE],
                             unsigned char pad)
{
    unsigned char block[BLOCK_SIZE];
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    for (size_t i = 0; i < BLOCK_SIZE; i++)
        block[i] = key[i] ^ pad;
    must(state != NULL && EVP_DigestInit_ex(state, digest, NULL) &&
         EVP_DigestUpdate(state, block, sizeof block));
    OPENSSL_cleanse(block, sizeof block);
    return state;
}

static void key_prepare(EventKey *key, const EVP_MD *digest, const char *secret, size_t secret_size)
{
    unsigned char padded[BLOCK_SIZE] = {0};
    if (secret_size > BLOCK_SIZE)
        must(EVP_Digest(secret, secret_size, padded, NULL, digest, NULL));
    else
        memcpy(padded, secret, secret_size);
    key->inner = state_new(digest, padded, 0x36);
    key->outer = state_new(digest, padded, 0x5c);
    OPENSSL_cleanse(padded, sizeof padded);
}

static const EventKey *keys_find(const EventKeys *keys, const char *id, size_t id_size)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strlen(keys->keys[i].id) == id_size && memcmp(keys->keys[i].id, id, id_size) == 0)
            return &keys->keys[i];
    return NULL;
}

/* The text may be a secret with the rest forgotten: errors say where, never what. */
static bool keys_add(EventKeys *keys, const char *text, size_t text_size, Error *reterr)
{
    const size_t number = keys->count + 1;
    if (keys->count == EVENT_KEY_COUNT_MAX)
        return error_set(reterr, ERROR_FATAL, "read CPOR_EVENT_KEYS: more than %d keys",
                         EVENT_KEY_COUNT_MAX);
    const char *end = text + text_size;
    const char *role = memchr(text, ':', text_size);
    const char *secret = role == NULL ? NULL : memchr(role + 1, ':', (size_t)(end - role - 1));
    if (secret == NULL || !text_is_key_id(text, (size_t)(role - text), 1, KEY_ID_SIZE - 1))
        return error_set(reterr, ERROR_FATAL,
                         "read CPOR_EVENT_KEYS: key %zu is not id:role:secret with an id of 1..16"
                         " letters and digits",
                         number);
    if (keys_find(keys, text, (size_t)(role - text)) != NULL)
        return error_set(reterr, ERROR_FATAL, "read CPOR_EVENT_KEYS: key %zu repeats an id",
                         number);
    EventKey *key = &keys->keys[keys->count];
    key->role = role_from_name(role + 1, (size_t)(secret - role - 1));
    if (key->role == SIGNATURE_NOBODY)
        return error_set(reterr, ERROR_FATAL,
                         "read CPOR_EVENT_KEYS: the role of key %zu is none of worker, operator,"
                         " reviewer, importer, mail",
                         number);
    const size_t secret_size = (size_t)(end - secret - 1);
    if (secret_size < EVENT_SECRET_SIZE_MIN || secret_size > EVENT_SECRET_SIZE_MAX)
        return error_set(reterr, ERROR_FATAL,
                         "read CPOR_EVENT_KEYS: the secret of key %zu has %zu bytes (give %d..%d)",
                         number, secret_size, EVENT_SECRET_SIZE_MIN, EVENT_SECRET_SIZE_MAX);
    memcpy(key->id, text, (size_t)(role - text));
    key_prepare(key, keys->digest, secret + 1, secret_size);
    keys->count++;
    return true;
}

static bool keys_read(EventKeys *keys, const char *text, Error *reterr)
{
    keys->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (keys->digest == NULL)
        return error_set(reterr, ERROR_FATAL, "read CPOR_EVENT_KEYS: libcrypto has no SHA-256");
    if (*text == '\0')
        return true;
    for (const char *end; text != NULL; text = *end == ',' ? end + 1 : NULL) {
        end = text + strcspn(text, ",");
        if (!keys_add(keys, text, (size_t)(end - text), reterr))
            return false;
    }
    return true;
}

bool event_keys_open(const char *keys, EventKeys **ret_keys, Error *reterr)
{
    EventKeys *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(reterr, ERROR_FATAL, "read CPOR_EVENT_KEYS: out of memory");
    if (keys_read(made, keys, reterr)) {
        *ret_keys = made;
        return true;
    }
    event_keys_release(&made);
    return false;
}

void event_keys_release(EventKeys **keys)
{
    if (*keys == NULL)
        return;
    for (size_t i = 0; i < (*keys)->count; i++) { /* their free wipes them */
        EVP_MD_CTX_free((*keys)->keys[i].inner);
        EVP_MD_CTX_free((*keys)->keys[i].outer);
    }
    EVP_MD_free((*keys)->digest);
    free(*keys);
    *keys = NULL;
}

unsigned event_keys_roles(const EventKeys *keys)
{
    unsigned roles = SIGNATURE_NOBODY;
    for (size_t i = 0; i < keys->count; i++)
        roles |= keys->keys[i].role;
    return roles;
}

/* ---- signing ---- */

/* Small parts are hashed together: each call of libcrypto costs as much as 100 bytes. */
typedef struct Hashing {
    EVP_MD_CTX *state;
    size_t size;
    char buffer[512];
} Hashing;

static void hash_flush(Hashing *hashing)
{
    must(EVP_DigestUpdate(hashing->state, hashing->buffer, hashing->size));
    hashing->size = 0;
}

static void hash_bytes(Hashing *hashing, const void *bytes, size_t size)
{
    if (hashing->size + size > sizeof hashing->buffer)
        hash_flush(hashing);
    if (size > sizeof hashing->buffer) {
        must(EVP_DigestUpdate(hashing->state, bytes, size));
    } else if (size > 0) {
        memcpy(hashing->buffer + hashing->size, bytes, size);
        hashing->size += size;
    }
}

static void hash_part(Hashing *hashing, const void *part, size_t size)
{
    char length[24];
    size_t start = sizeof length;
    size_t rest = part == NULL ? 0 : size;
    length[--start] = ':';
    do
        length[--start] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    hash_bytes(hashing, length + start, sizeof length - start);
    hash_bytes(hashing, part, part == NULL ? 0 : size);
}

static void hash_text(Hashing *hashing, const char *text)
{
    hash_part(hashing, text, text == NULL ? 0 : strlen(text));
}

static void mac_text(const EventKey *key, const SignedRecord *record, char ret_text[MAC_TEXT_SIZE])
{
    unsigned char mac[MAC_SIZE];
    Hashing hashing = {.state = EVP_MD_CTX_new(), .size = 0};
    EVP_MD_CTX *state = hashing.state;
    must(state != NULL && EVP_MD_CTX_copy_ex(state, key->inner));
    hash_text(&hashing, record->topic);
    hash_text(&hashing, record->type);
    hash_text(&hashing, record->source);
    hash_text(&hashing, record->id);
    hash_part(&hashing, record->key, record->key_size);
    hash_part(&hashing, record->value, record->value_size);
    hash_flush(&hashing);
    must(EVP_DigestFinal_ex(state, mac, NULL) && EVP_MD_CTX_copy_ex(state, key->outer) &&
         EVP_DigestUpdate(state, mac, sizeof mac) && EVP_DigestFinal_ex(state, mac, NULL));
    EVP_MD_CTX_free(state);
    base64url_encode(mac, sizeof mac, ret_text);
}

bool signature_sign(const EventKeys *keys, SignatureRole role, const SignedRecord *record,
                    char ret_signature[SIGNATURE_SIZE])
{
    char mac[MAC_TEXT_SIZE];
    ret_signature[0] = '\0';
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].role != (unsigned)role)
            continue;
        mac_text(&keys->keys[i], record, mac);
        snprintf(ret_signature, SIGNATURE_SIZE, "v1 %s %s", keys->keys[i].id, mac);
        return true;
    }
    return false;
}

SignatureVerdict signature_verify(const EventKeys *keys, const char *text, size_t text_size,
                                  const SignedRecord *record, Signer *ret_signer)
{
    char expected[MAC_TEXT_SIZE];
    *ret_signer = (Signer){0};
    if (text == NULL)
        return SIGNATURE_MISSING;
    if (text_size < 4 || memcmp(text, "v1 ", 3) != 0)
        return SIGNATURE_UNREADABLE;
    const char *id = text + 3, *end = text + text_size;
    const char *blank = memchr(id, ' ', (size_t)(end - id));
    const char *mac = blank == NULL ? end : blank + 1;
    const bool is_padded = end > mac && end[-1] == '=';
    if (end - mac - is_padded != MAC_TEXT_LENGTH)
        return SIGNATURE_UNREADABLE;
    const EventKey *key = keys_find(keys, id, (size_t)(blank - id));
    if (key == NULL)
        return SIGNATURE_UNKNOWN_KEY;
    mac_text(key, record, expected);
    if (CRYPTO_memcmp(mac, expected, MAC_TEXT_LENGTH) != 0)
        return SIGNATURE_FORGED;
    *ret_signer = (Signer){key->id, key->role};
    return SIGNATURE_GOOD;
}
