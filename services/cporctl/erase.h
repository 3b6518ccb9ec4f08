/* erase.h - which texts of a claim are a person's, and what stands in their place. Pure. */
#pragma once

#include "runtime/arena.h"

typedef struct json_t json_t; /* jansson's */

#define ERASED_MARK "[erased]"
#define ERASED_EMAIL "erased@erased.invalid" /* where a reader expects an address */

enum { ERASE_TEXT_COUNT_MAX = 1000 };

/* Whose data: one person's, or that of everybody whom the claim names. */
typedef struct Erasing {
    const char *email;                       /* NULL: everybody */
    const char *texts[ERASE_TEXT_COUNT_MAX]; /* names and addresses; borrowed from the arena */
    size_t text_count;
    bool is_customer; /* the customer's contact is among them: so are customers' actor ids */
    bool is_needed;   /* likewise: the contact to whom the notice goes */
    Arena *arena;     /* borrowed */
} Erasing;

/* erase_collect_document / _attachment - add the names and addresses of those whom it is about.
 * attachment: the body of a comment (an object) or of evidence (an array). */
void erase_collect_document(Erasing *erasing, const json_t *document);
void erase_collect_attachment(Erasing *erasing, const json_t *body);

/* erase_document / erase_attachment - put marks in place. Returns: something was replaced. */
bool erase_document(const Erasing *erasing, json_t *document);
bool erase_attachment(const Erasing *erasing, json_t *body);

/* erase_wants_actor - the id of an actor is theirs: a customer's own, or one that names them. A
 * partner's is its MPN ID, an operator's a duty's. */
bool erase_wants_actor(const Erasing *erasing, const char *type, const char *id);

/* erase_opt_out - the JSON of an opt-out, bare or in a structured event's data, so that it still
 * is the same opt-out. is_theirs: whatever its writer said goes, else what names one of them. */
bool erase_opt_out(const Erasing *erasing, bool is_theirs, json_t *root);

/* erase_findings - an array of findings, or whatever has some in it: messages of reviewers, and
 * what names one of the persons. Returns: as above. */
bool erase_findings(const Erasing *erasing, json_t *root);

/* erase_wants_text - a free text that names one of them; everybody: any text. */
bool erase_wants_text(const Erasing *erasing, const char *text);

/* erase_names - one of the names or addresses stands in the text, as a word of its own. */
bool erase_names(const Erasing *erasing, const char *text);
