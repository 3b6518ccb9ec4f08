/* document_fixture.h - what the tests of claim documents share. */
#pragma once

#include "claim/document.h"
#include "unit/codec_fixture.h"

static Arena arena;

static inline bool knows_zone(const void *context, const char *zone)
{
    return strcmp(zone, context) == 0;
}

static inline ClaimDocument decode(const json_t *root, bool is_revision)
{
    ClaimDocument document;
    document_decode(root, is_revision, knows_zone, "Asia/Seoul", &arena, &document);
    return document;
}

/* Every member of the contract is in it. */
static inline json_t *valid_document(void)
{
    json_t *root = example_load("claim-revenue");
    patch_apply(root, "/customer/time_zone", "\"Asia/Seoul\"");
    patch_apply(root, "/program", "\"OSU_BIZAPPS\"");
    patch_apply(root, "/lines/0/product", "\"D365_SALES\"");
    json_array_append_new(json_object_get(root, "lines"),
                          patch_value("{\"line\":2,\"product\":\"POWER_BI\"}"));
    patch_apply(root, "/poe/0/public_sector_disclosure", "true");
    patch_apply(root, "/comments",
                "[{\"author\":\"A\",\"at\":\"2026-11-02T01:30:00.000Z\",\"text\":\"x\"}]");
    return root;
}

static inline int group_end(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}
