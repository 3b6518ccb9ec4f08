/*
 * token.h - the customer's opt-out link: an unguessable, signed text bound to claim and contact.
 *
 * v1.<key id>.<base64url of payload>.<base64url of HMAC-SHA-256 over everything before it>; the
 * payload is "tenant_id/claim_id/revision/<first 16 hex digits of SHA-256 of the folded e-mail>".
 */
#pragma once

#include "claim/claim.h"

enum { TOKEN_SIZE_MAX = 512, TOKEN_KEY_COUNT_MAX = 8, TOKEN_SECRET_SIZE_MIN = 16 };

typedef struct TokenKeys TokenKeys;

/*
 * token_keys_open - read keys "id:secret[,id:secret...]"; the first signs, all verify (rotation).
 *
 * Errors:  FATAL  no key, an id not [A-Za-z0-9]{1,16}, a repeated id, a secret not of 16..256
 *          bytes (it may hold a colon, not a comma), too many.
 *          The error's text never holds a secret.
 */
MUST_CHECK bool token_keys_open(const char *keys, TokenKeys **ret_keys, Error *reterr);
void token_keys_release(TokenKeys **keys); /* wipes the secrets */

/* token_sign - the token of a claim's revision for a contact; borrowed from the arena. */
const char *token_sign(const TokenKeys *keys, const char *tenant_id, const char *claim_id,
                       int32_t revision, const char *email, Arena *arena);

typedef struct TokenContent {
    char tenant_id[UUID_SIZE];
    char claim_id[CLAIM_ID_SIZE];
    int32_t revision;
    char contact_hash[17];
} TokenContent;

/* Why a link is not honoured. The last two are for who knows the claim. */
typedef enum TokenVerdict {
    TOKEN_GOOD,
    TOKEN_UNREADABLE,     /* no token, or a part of one */
    TOKEN_UNKNOWN_KEY,    /* signed by a key that is not listed: rotated out, or not ours */
    TOKEN_FORGED,         /* a listed key's id, but not its signature */
    TOKEN_FOREIGN,        /* of another claim than the event's */
    TOKEN_FORMER_CONTACT, /* of a revision whose contact is not the claim's any more */
    TOKEN_VERDICT_COUNT,
} TokenVerdict;

/* token_verdict_name - for a metric's label: "forged". */
const char *token_verdict_name(TokenVerdict verdict);

/* token_examine - signature in constant time, then content. Out: ret_content  only if good. */
MUST_CHECK TokenVerdict token_examine(const TokenKeys *keys, const char *token,
                                      TokenContent *ret_content);

/* token_verify - whether token_examine finds it good. */
MUST_CHECK bool token_verify(const TokenKeys *keys, const char *token, TokenContent *ret_content);
