/* fuzz_reference.c - records of the reference topics: refused, or whole and within their limits. */
#include "claim/reference.h"
#include "claim/text_check.h"
#include "claim/uuid.h"
#include "fuzz.h"

static Arena arena;

static void check_day(int32_t day)
{
    require(day == DAY_NONE || (day > -720000 && day < 2932897)); /* years 1..9999 */
}

static void check_partner(const Reference *reference)
{
    const Partner *partner = &reference->partner;
    require(strcmp(reference->key, partner->mpn_id) == 0);
    require(text_is_digits(partner->mpn_id, strlen(partner->mpn_id), 1, MPN_ID_SIZE - 1));
    require(text_is_plain(partner->name, strlen(partner->name), 1, 256));
    require(partner->country[0] == '\0' || strlen(partner->country) == 2);
    check_day(partner->valid_from);
    check_day(partner->valid_to);
}

static void check_tenant(const Reference *reference)
{
    const Tenant *tenant = &reference->tenant;
    require(strcmp(reference->key, tenant->tenant_id) == 0);
    require(text_is_plain(tenant->name, strlen(tenant->name), 1, 256));
    for (size_t i = 0; i < tenant->domain_count; i++)
        require(text_is_domain(tenant->domains[i], strlen(tenant->domains[i]), 0, 0));
    require(tenant->locale[0] == '\0' ||
            text_is_locale(tenant->locale, strlen(tenant->locale), 0, 0));
}

static void check_subscription(const Reference *reference)
{
    const Subscription *subscription = &reference->subscription;
    require(strcmp(reference->key, subscription->subscription_id) == 0);
    require(uuid_is_valid(subscription->tenant_id, strlen(subscription->tenant_id)));
    require(channel_from_name(channel_name(subscription->channel)) == subscription->channel);
    require(subscription->channel != CHANNEL_UNKNOWN);
    require(subscription->starts_on != DAY_NONE);
    check_day(subscription->starts_on);
    check_day(subscription->ends_on);
}

static void check(const Reference *reference)
{
    static void (*const checks[])(const Reference *) = {
        [REFERENCE_PARTNER] = check_partner,
        [REFERENCE_TENANT] = check_tenant,
        [REFERENCE_SUBSCRIPTION] = check_subscription,
    };
    if (!reference->deleted)
        checks[reference->kind](reference);
    if (reference->kind == REFERENCE_PARTNER) {
        require(text_is_digits(reference->key, strlen(reference->key), 1, MPN_ID_SIZE - 1));
        return;
    }
    char folded[UUID_SIZE];
    require(uuid_is_valid(reference->key, strlen(reference->key)));
    uuid_fold(reference->key, folded);
    require(strcmp(folded, reference->key) == 0);
}

/* First byte: p, t, s (a record) or P, T, S (a tombstone, and the rest is its key). */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const topics[] = {"partner", "tenant", "subscription"};
    static const char letters[] = "ptsPTS";
    const char *letter = size == 0 || bytes[0] == '\0' ? NULL : strchr(letters, bytes[0]);
    if (letter == NULL)
        return -1;
    const size_t index = (size_t)(letter - letters);
    Record record = {.topic = topics[index % 3]};
    if (index < 3) {
        record.value = bytes + 1;
        record.value_size = size - 1;
    } else {
        record.key = bytes + 1;
        record.key_size = size - 1;
    }
    Reference reference;
    Error error = {0};
    arena_reset(&arena);
    if (reference_decode(&record, &arena, &reference, &error))
        check(&reference);
    else
        require(error.class == ERROR_REJECT && error.code[0] != '\0');
    return 0;
}
