/* reference.h - partners, tenants and subscriptions, as upstream tells of them. Plain values. */
#pragma once

#include "claim/signature_demand.h"

typedef struct Partner {
    const char *mpn_id, *name;
    bool location;
    unsigned enrolments;          /* bits of Program */
    const char *country;          /* "" when unknown */
    int32_t valid_from, valid_to; /* days, both included; DAY_NONE = open */
} Partner;

typedef struct Tenant {
    const char *tenant_id, *name;
    const char *const *domains; /* lower case */
    size_t domain_count;
    const char *country, *locale; /* "" when unknown */
    bool public_sector;
} Tenant;

typedef enum Channel {
    CHANNEL_UNKNOWN = 0,
    CHANNEL_VOLUME_LICENSING,
    CHANNEL_WEB_DIRECT,
    CHANNEL_CSP,
} Channel;

typedef struct Subscription {
    const char *subscription_id, *tenant_id, *product;
    Channel channel;
    SubscriptionState state;
    bool provisioned;
    int32_t starts_on, ends_on; /* days; DAY_NONE = not said */
} Subscription;

typedef enum ReferenceKind {
    REFERENCE_PARTNER,
    REFERENCE_TENANT,
    REFERENCE_SUBSCRIPTION
} ReferenceKind;

/* One record of a reference topic. */
typedef struct Reference {
    ReferenceKind kind;
    const Record *record;
    const char *key; /* mpn id, tenant id or subscription id, folded */
    bool deleted;    /* a tombstone: only key is set */
    Partner partner;
    Tenant tenant;
    Subscription subscription;
} Reference;

/* reference_is - whether a record's topic is one of the three. */
bool reference_is(const Record *record);

/*
 * reference_decode - plain JSON; a tombstone deletes by its key.
 *
 * Errors:  REJECT  TOO_LARGE, NOT_JSON (an empty value that is no tombstone), TOO_DEEP,
 *          FIELD_INVALID (a bad field, or a tombstone whose key is no such id).
 */
MUST_CHECK bool reference_decode(const Record *record, Arena *arena, Reference *ret_reference,
                                 Error *reterr);

/*
 * reference_admit - whether its signer may say it; no header that names an event need be there.
 *
 * Errors:  REJECT SIGNATURE_INVALID.
 */
MUST_CHECK bool reference_admit(const Record *record, const EventGate *gate, Arena *arena,
                                Error *reterr);

/* The words of the contract; "" and CHANNEL_UNKNOWN for what is not known. */
const char *channel_name(Channel channel);
Channel channel_from_name(const char *name);

/* subscription_is_current - ACTIVE or GRACE. */
bool subscription_is_current(SubscriptionState state);
