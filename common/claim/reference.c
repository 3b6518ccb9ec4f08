/* reference.c - records of the reference topics: plain JSON; of their headers only a signature
 * counts. */
#include "claim/reference.h"

#include "claim/field.h"
#include "claim/text_check.h"
#include "claim/uuid.h"

#include <stdio.h>
#include <string.h>

enum { REFERENCE_NAME_MAX = 256, TENANT_DOMAIN_COUNT_MAX = 500 };

static const char *const reference_topics[] = {
    [REFERENCE_PARTNER] = "partner",
    [REFERENCE_TENANT] = "tenant",
    [REFERENCE_SUBSCRIPTION] = "subscription",
};

static bool reference_kind(const Record *record, ReferenceKind *ret_kind)
{
    for (size_t i = 0; i < sizeof reference_topics / sizeof reference_topics[0]; i++) {
        if (strcmp(record->topic, reference_topics[i]) == 0) {
            *ret_kind = (ReferenceKind)i;
            return true;
        }
    }
    return false;
}

bool reference_is(const Record *record)
{
    ReferenceKind kind;
    return reference_kind(record, &kind);
}

/* ---- words ---- */

static const FieldWord channel_words[] = {{"VOLUME_LICENSING", CHANNEL_VOLUME_LICENSING},
                                          {"WEB_DIRECT", CHANNEL_WEB_DIRECT},
                                          {"CSP", CHANNEL_CSP},
                                          {NULL, 0}};
static const FieldWord state_words[] = {
    {"ACTIVE", SUBSCRIPTION_ACTIVE},       {"GRACE", SUBSCRIPTION_GRACE},
    {"SUSPENDED", SUBSCRIPTION_SUSPENDED}, {"EXPIRED", SUBSCRIPTION_EXPIRED},
    {"DELETED", SUBSCRIPTION_DELETED},     {NULL, 0}};

const char *channel_name(Channel channel)
{
    for (const FieldWord *word = channel_words; word->name != NULL; word++)
        if (word->value == (int)channel)
            return word->name;
    return "";
}

Channel channel_from_name(const char *name)
{
    for (const FieldWord *word = channel_words; word->name != NULL; word++)
        if (strcmp(word->name, name) == 0)
            return (Channel)word->value;
    return CHANNEL_UNKNOWN;
}

bool subscription_is_current(SubscriptionState state)
{
    return state == SUBSCRIPTION_ACTIVE || state == SUBSCRIPTION_GRACE;
}

/* ---- tables ---- */

typedef struct ReferenceDraft {
    Partner partner;
    Tenant tenant;
    Subscription subscription;
    const json_t *enrolments, *domains;
} ReferenceDraft;

#define AT(member) offsetof(ReferenceDraft, member)

static const FieldRow partner_rows[] = {
    FIELD_ROW("country", COUNTRY, false, 0, 0, AT(partner.country)),
    FIELD_ROW("enrolments", ARRAY, true, 0, 100, AT(enrolments)),
    FIELD_ROW("location", BOOLEAN, true, 0, 0, AT(partner.location)),
    FIELD_ROW("mpn_id", DIGITS, true, 1, MPN_ID_SIZE - 1, AT(partner.mpn_id)),
    FIELD_ROW("name", TEXT, true, 1, REFERENCE_NAME_MAX, AT(partner.name)),
    FIELD_ROW("valid_from", DATE, false, 0, 0, AT(partner.valid_from)),
    FIELD_ROW("valid_to", DATE, false, 0, 0, AT(partner.valid_to)),
    FIELD_ROW_END,
};
static const FieldRow tenant_rows[] = {
    FIELD_ROW("country", COUNTRY, false, 0, 0, AT(tenant.country)),
    FIELD_ROW("domains", ARRAY, true, 0, TENANT_DOMAIN_COUNT_MAX, AT(domains)),
    FIELD_ROW("locale", LOCALE, false, 0, 0, AT(tenant.locale)),
    FIELD_ROW("name", TEXT, true, 1, REFERENCE_NAME_MAX, AT(tenant.name)),
    FIELD_ROW("public_sector", BOOLEAN, true, 0, 0, AT(tenant.public_sector)),
    FIELD_ROW("tenant_id", GUID, true, 0, 0, AT(tenant.tenant_id)),
    FIELD_ROW_END,
};
static const FieldRow subscription_rows[] = {
    FIELD_ROW_WORD("channel", true, AT(subscription.channel), channel_words),
    FIELD_ROW("ends_on", DATE, false, 0, 0, AT(subscription.ends_on)),
    FIELD_ROW("product", TEXT, true, 1, PRODUCT_CODE_SIZE - 1, AT(subscription.product)),
    FIELD_ROW("provisioned", BOOLEAN, true, 0, 0, AT(subscription.provisioned)),
    FIELD_ROW("starts_on", DATE, true, 0, 0, AT(subscription.starts_on)),
    FIELD_ROW_WORD("state", true, AT(subscription.state), state_words),
    FIELD_ROW("subscription_id", GUID, true, 0, 0, AT(subscription.subscription_id)),
    FIELD_ROW("tenant_id", GUID, true, 0, 0, AT(subscription.tenant_id)),
    FIELD_ROW_END,
};
static const FieldRow *const reference_rows[] = {
    [REFERENCE_PARTNER] = partner_rows,
    [REFERENCE_TENANT] = tenant_rows,
    [REFERENCE_SUBSCRIPTION] = subscription_rows,
};

/* ---- decode ---- */

/* Programmes that we do not know are none of ours: a later one must not stop the directory. */
static void read_enrolments(FieldReader *reader, const ReferenceDraft *draft, Partner *partner)
{
    const FieldPath array = {.name = "enrolments"};
    for (size_t i = 0; i < json_array_size(draft->enrolments); i++) {
        const json_t *item = json_array_get(draft->enrolments, i);
        const FieldPath at = {.parent = &array, .index = i};
        if (json_is_string(item))
            partner->enrolments |= program_from_name(json_string_value(item));
        else
            field_report(reader, CODE_FIELD_INVALID, &at, "must be the name of a programme");
    }
}

static void read_domains(FieldReader *reader, const ReferenceDraft *draft, Tenant *tenant)
{
    const FieldPath array = {.name = "domains"};
    const size_t count = json_array_size(draft->domains);
    const char **domains = arena_new(reader->arena, (count + 1) * sizeof *domains);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(draft->domains, i);
        const FieldPath at = {.parent = &array, .index = i};
        if (json_is_string(item) &&
            text_is_domain(json_string_value(item), json_string_length(item), 0, 0))
            domains[tenant->domain_count++] = field_copy(item, true, reader->arena);
        else
            field_report(reader, CODE_FIELD_INVALID, &at, "must be a DNS name");
    }
    tenant->domains = domains;
}

/* "" instead of NULL where a text may be absent: one less case for everybody. */
static void fill_reference(ReferenceDraft *draft, Reference *ret_reference)
{
    ret_reference->partner = draft->partner;
    ret_reference->tenant = draft->tenant;
    ret_reference->subscription = draft->subscription;
    if (ret_reference->partner.country == NULL)
        ret_reference->partner.country = "";
    if (ret_reference->tenant.country == NULL)
        ret_reference->tenant.country = "";
    if (ret_reference->tenant.locale == NULL)
        ret_reference->tenant.locale = "";
    const char *const keys[] = {
        [REFERENCE_PARTNER] = draft->partner.mpn_id,
        [REFERENCE_TENANT] = draft->tenant.tenant_id,
        [REFERENCE_SUBSCRIPTION] = draft->subscription.subscription_id,
    };
    ret_reference->key = keys[ret_reference->kind];
}

static bool decode_tombstone(const Record *record, Arena *arena, Reference *reference,
                             Error *reterr)
{
    const bool digits = reference->kind == REFERENCE_PARTNER;
    const char *key = record->key;
    if (key == NULL || !(digits ? text_is_digits(key, record->key_size, 1, MPN_ID_SIZE - 1)
                                : text_is_guid(key, record->key_size, 0, 0)))
        return error_reject(reterr, "FIELD_INVALID",
                            "a tombstone's key must be the id that it deletes");
    char *copy = arena_copy(arena, key, record->key_size);
    if (!digits)
        uuid_fold(copy, copy);
    reference->key = copy;
    reference->deleted = true;
    return true;
}

bool reference_decode(const Record *record, Arena *arena, Reference *ret_reference, Error *reterr)
{
    Reference reference = {.record = record};
    if (!reference_kind(record, &reference.kind))
        return error_reject(reterr, "UNKNOWN_TYPE", "%s is no reference topic", record->topic);
    if (record->value == NULL) {
        if (!decode_tombstone(record, arena, &reference, reterr))
            return false;
        *ret_reference = reference;
        return true;
    }
    JSON_AUTO root = NULL;
    if (!json_decode_strict(record->value, record->value_size, &root, reterr))
        return false;
    ReferenceDraft draft = {.partner = {.valid_from = DAY_NONE, .valid_to = DAY_NONE},
                            .subscription = {.starts_on = DAY_NONE, .ends_on = DAY_NONE}};
    FieldReader reader = {.arena = arena};
    fields_read(&reader, reference_rows[reference.kind], root, NULL, &draft);
    read_enrolments(&reader, &draft, &draft.partner);
    read_domains(&reader, &draft, &draft.tenant);
    if (reader.finding_count > 0)
        return error_reject(reterr, "FIELD_INVALID", "%s: %s", reader.findings[0].path,
                            reader.findings[0].message);
    fill_reference(&draft, &reference);
    *ret_reference = reference;
    return true;
}
