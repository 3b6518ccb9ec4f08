/* slot_book.h - who holds a slot and who has an open line in it, as one batch sees it. Pure. */
#pragma once

#include "claim/claim.h"
#include "runtime/text_map.h"

typedef struct Holder {
    char association_id[UUID_SIZE];
    char claim_id[CLAIM_ID_SIZE];
    char mpn_id[MPN_ID_SIZE];
    int32_t line;
    int32_t poe_day;
} Holder;

/* In an arena. Filled from the database, kept right while the batch moves lines. */
typedef struct SlotBook {
    TextMap holders;    /* tenant/slot -> Holder */
    TextMap contenders; /* tenant/slot/mpn -> claim id */
} SlotBook;

/* slot_book_init - an empty book; what it keeps lives in the arena until its reset. */
void slot_book_init(SlotBook *book, Arena *arena);

/* slot_book_holder - who holds the slot, or NULL; borrowed from the book's arena. */
const Holder *slot_book_holder(const SlotBook *book, const char *tenant_id, const char *slot);
void slot_book_set_holder(SlotBook *book, const char *tenant_id, const char *slot,
                          const Holder *holder /* copied; NULL: free */);

/* slot_book_contender - claim id of that partner's open or official line in the slot, or NULL. */
const char *slot_book_contender(const SlotBook *book, const char *tenant_id, const char *slot,
                                const char *mpn_id);
void slot_book_set_contender(SlotBook *book, const char *tenant_id, const char *slot,
                             const char *mpn_id, const char *claim_id /* copied; NULL: none */);

/* line_is_contender - the line keeps other claims of its partner out of its slot. */
bool line_is_contender(const Line *line);

/* slot_book_update - note what a move made of a claim: was its lines before, line_count of them. */
void slot_book_update(SlotBook *book, const Claim *claim, const Line *was, size_t was_count,
                      const char *was_mpn_id);
