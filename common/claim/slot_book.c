/* slot_book.c - holders and contenders of slots, in two maps. */
#include "claim/slot_book.h"

#include <stdio.h>
#include <string.h>

enum { SLOT_KEY_SIZE = UUID_SIZE + SLOT_SIZE + MPN_ID_SIZE + 2 };

void slot_book_init(SlotBook *book, Arena *arena)
{
    text_map_init(&book->holders, arena);
    text_map_init(&book->contenders, arena);
}

static void slot_key(const char *tenant_id, const char *slot, const char *mpn_id,
                     char ret_key[SLOT_KEY_SIZE])
{
    snprintf(ret_key, SLOT_KEY_SIZE, "%s/%s/%s", tenant_id, slot, mpn_id);
}

const Holder *slot_book_holder(const SlotBook *book, const char *tenant_id, const char *slot)
{
    char key[SLOT_KEY_SIZE];
    slot_key(tenant_id, slot, "", key);
    return text_map_get(&book->holders, key);
}

void slot_book_set_holder(SlotBook *book, const char *tenant_id, const char *slot,
                          const Holder *holder)
{
    char key[SLOT_KEY_SIZE];
    slot_key(tenant_id, slot, "", key);
    Holder *copy = NULL;
    if (holder != NULL) {
        copy = arena_new(book->holders.arena, sizeof *copy);
        *copy = *holder;
    }
    text_map_put(&book->holders, key, copy);
}

const char *slot_book_contender(const SlotBook *book, const char *tenant_id, const char *slot,
                                const char *mpn_id)
{
    char key[SLOT_KEY_SIZE];
    slot_key(tenant_id, slot, mpn_id, key);
    return text_map_get(&book->contenders, key);
}

void slot_book_set_contender(SlotBook *book, const char *tenant_id, const char *slot,
                             const char *mpn_id, const char *claim_id)
{
    char key[SLOT_KEY_SIZE];
    slot_key(tenant_id, slot, mpn_id, key);
    text_map_put(&book->contenders, key,
                 claim_id == NULL ? NULL : arena_text(book->contenders.arena, claim_id));
}

bool line_is_contender(const Line *line)
{
    return line->slot[0] != '\0' && (line_is_live(line) || line->status == LINE_OFFICIAL);
}

static void slot_book_leave(SlotBook *book, const Claim *claim, const Line *was,
                            const char *was_mpn_id)
{
    const char *contender = slot_book_contender(book, claim->tenant_id, was->slot, was_mpn_id);
    if (line_is_contender(was) && contender != NULL && strcmp(contender, claim->claim_id) == 0)
        slot_book_set_contender(book, claim->tenant_id, was->slot, was_mpn_id, NULL);
    const Holder *holder = slot_book_holder(book, claim->tenant_id, was->slot);
    if (was->status == LINE_OFFICIAL && holder != NULL && holder->line == was->number &&
        strcmp(holder->claim_id, claim->claim_id) == 0)
        slot_book_set_holder(book, claim->tenant_id, was->slot, NULL);
}

static void slot_book_enter(SlotBook *book, const Claim *claim, const Line *line)
{
    if (line_is_contender(line))
        slot_book_set_contender(book, claim->tenant_id, line->slot, claim->mpn_id, claim->claim_id);
    if (line->status != LINE_OFFICIAL)
        return;
    Holder holder = {.line = line->number, .poe_day = line->poe_day};
    association_id(claim, line->number, holder.association_id);
    memcpy(holder.claim_id, claim->claim_id, sizeof holder.claim_id);
    memcpy(holder.mpn_id, claim->mpn_id, sizeof holder.mpn_id);
    slot_book_set_holder(book, claim->tenant_id, line->slot, &holder);
}

void slot_book_update(SlotBook *book, const Claim *claim, const Line *was, size_t was_count,
                      const char *was_mpn_id)
{
    for (size_t i = 0; i < was_count; i++)
        slot_book_leave(book, claim, &was[i], was_mpn_id);
    for (size_t i = 0; i < claim->line_count; i++)
        slot_book_enter(book, claim, &claim->lines[i]);
}
