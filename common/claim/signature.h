/*
 * signature.h - who may have said it: one place signs an event, one verifies it.
 *
 * Header cpor_signature: "v1 <key id> <base64url of HMAC-SHA-256>" over the topic's name on the
 * wire, ce_type, ce_source, ce_id, the record's key and its value, each preceded by its length in
 * bytes as decimal and a colon. What a record does not have counts as empty.
 */
#pragma once

#include "runtime/error.h"

#include <stddef.h>

#define SIGNATURE_HEADER "cpor_signature"

enum {
    SIGNATURE_ID_SIZE_MAX = 16,
    SIGNATURE_SIZE = 72, /* "v1 ", an id of 16, a blank, 43 characters, NUL */
    EVENT_KEY_COUNT_MAX = 32,
    EVENT_SECRET_SIZE_MIN = 16,
    EVENT_SECRET_SIZE_MAX = 256,
};

/* What a key's holder may say; a set: bits. */
typedef enum SignatureRole {
    SIGNATURE_NOBODY = 0,
    SIGNATURE_WORKER = 1,
    SIGNATURE_OPERATOR = 2,
    SIGNATURE_REVIEWER = 4,
    SIGNATURE_IMPORTER = 8,
    SIGNATURE_MAIL = 16, /* a mail server's hook, for bounces */
    SIGNATURE_ANYBODY = 31,
} SignatureRole;

/* signature_role_name - of one bit: "worker"; "unsigned" of none. Static. */
const char *signature_role_name(unsigned role);

typedef struct EventKeys EventKeys;

/*
 * event_keys_open - read keys "id:role:secret[,id:role:secret...]"; the first of a role signs, all
 * verify (rotation). "" is no key.
 *
 * Errors:  FATAL  an id not [A-Za-z0-9]{1,16}, a repeated id, an unknown role, a secret not of
 *          16..256 bytes (it may hold a colon, not a comma), too many.
 *          The error's text never holds a secret.
 */
MUST_CHECK bool event_keys_open(const char *keys, EventKeys **ret_keys, Error *reterr);
void event_keys_release(EventKeys **keys); /* wipes what was made of the secrets */

/* event_keys_roles - the roles of which there is a key. */
unsigned event_keys_roles(const EventKeys *keys);

/* What is signed. NULL counts as empty. */
typedef struct SignedRecord {
    const char *topic; /* on the wire: with the installation's prefix */
    const char *type, *source, *id;
    const void *key, *value;
    size_t key_size, value_size;
} SignedRecord;

/*
 * signature_sign - with the first key of the role.
 *
 * Returns: false  there is no key of that role; ret_signature is "".
 * Cost:    1.6 us for 1 KiB where the processor knows SHA, see ADR 21. Thread-safe.
 */
bool signature_sign(const EventKeys *keys, SignatureRole role, const SignedRecord *record,
                    char ret_signature[SIGNATURE_SIZE]);

typedef enum SignatureVerdict {
    SIGNATURE_GOOD,
    SIGNATURE_MISSING,
    SIGNATURE_UNREADABLE,   /* not v1, an id and a MAC */
    SIGNATURE_UNKNOWN_KEY,  /* by a key that is not listed: rotated out, or not ours */
    SIGNATURE_FORGED,       /* a listed key's id, but not its signature of this record */
    SIGNATURE_FOREIGN_ROLE, /* good, but its role may not say this; see signature_demand.h */
    SIGNATURE_VERDICT_COUNT,
} SignatureVerdict;

/* signature_verdict_name - for a metric's label: "forged". */
const char *signature_verdict_name(SignatureVerdict verdict);

/* By whom a record is signed. */
typedef struct Signer {
    const char *key_id; /* borrowed from the keys; NULL: nobody is proved */
    unsigned role;      /* one bit, or SIGNATURE_NOBODY */
} Signer;

/*
 * signature_verify - in constant time for a key.
 *
 * In:      text        the header's value, not NUL-terminated; NULL: there is none.
 * Out:     ret_signer  set in any case; named only if good.
 * Cost:    as signature_sign.
 */
SignatureVerdict signature_verify(const EventKeys *keys, const char *text, size_t text_size,
                                  const SignedRecord *record, Signer *ret_signer);
