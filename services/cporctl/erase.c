/* erase.c - see erase.h. */
#include "erase.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

enum { NAME_SIZE_MIN = 2 }; /* shorter ones would stand in every text */

/* Members that no person's name belongs in: a name that looks like one of them changes nothing. */
static const char *const kept_members[] = {
    "claim_id",
    "mpn_id",
    "tenant_id",
    "domain",
    "country",
    "locale",
    "time_zone",
    "solution_area",
    "activities",
    "program",
    "workload",
    "product",
    "subscription_id",
    "sha256",
    "media_type",
    "kind",
    "signed_on",
    "at",
    "status",
    "previous_status",
    "reason",
    "code",
    "path",
    "slot",
    "association_id",
    "rules_version",
    "first_submitted_at",
    "deadline_at",
};

static bool is_kept_member(const char *name)
{
    for (size_t i = 0; i < sizeof kept_members / sizeof kept_members[0]; i++)
        if (strcmp(kept_members[i], name) == 0)
            return true;
    return false;
}

/* ---- whose texts ---- */

static void add_text(Erasing *erasing, const char *text)
{
    if (text == NULL || strlen(text) < NAME_SIZE_MIN || erasing->text_count == ERASE_TEXT_COUNT_MAX)
        return;
    if (strcmp(text, ERASED_MARK) == 0 || strcmp(text, ERASED_EMAIL) == 0)
        return; /* nobody's, but it stands everywhere */
    for (size_t i = 0; i < erasing->text_count; i++)
        if (strcasecmp(erasing->texts[i], text) == 0)
            return;
    erasing->texts[erasing->text_count++] = arena_text(erasing->arena, text);
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool wants_contact(const Erasing *erasing, const json_t *contact)
{
    const char *email = member(contact, "email");
    return contact != NULL &&
           (erasing->email == NULL || (email != NULL && strcasecmp(email, erasing->email) == 0));
}

static bool collect_contact(Erasing *erasing, const json_t *contact)
{
    if (!wants_contact(erasing, contact))
        return false;
    add_text(erasing, member(contact, "name"));
    add_text(erasing, member(contact, "email"));
    return true;
}

static void collect_all(Erasing *erasing, const json_t *array, const char *name)
{
    for (size_t i = 0; erasing->email == NULL && i < json_array_size(array); i++)
        add_text(erasing, member(json_array_get(array, i), name));
}

void erase_collect_document(Erasing *erasing, const json_t *document)
{
    const json_t *customer = json_object_get(document, "customer");
    if (collect_contact(erasing, json_object_get(customer, "contact")))
        erasing->is_customer = erasing->is_needed = true;
    if (collect_contact(erasing, json_object_get(customer, "technical_contact")))
        erasing->is_customer = true;
    (void)collect_contact(erasing,
                          json_object_get(json_object_get(document, "partner"), "contact"));
    collect_all(erasing, json_object_get(document, "poe"), "signed_by");
    collect_all(erasing, json_object_get(document, "comments"), "author");
    if (erasing->email == NULL)
        add_text(erasing, member(json_object_get(document, "revenue"), "dynamics_seller_name"));
}

void erase_collect_attachment(Erasing *erasing, const json_t *body)
{
    collect_all(erasing, body, "signed_by");
    if (erasing->email == NULL)
        add_text(erasing, member(body, "author"));
}

/* ---- texts that name them ---- */

static bool is_word_end(char inside, char outside)
{
    const unsigned char a = (unsigned char)inside, b = (unsigned char)outside;
    return !(a < 0x80 && isalnum(a) && b < 0x80 && isalnum(b));
}

static bool names(const char *text, const char *name)
{
    const size_t size = strlen(name);
    for (const char *found = strcasestr(text, name); found != NULL;
         found = strcasestr(found + 1, name))
        if ((found == text || is_word_end(name[0], found[-1])) &&
            is_word_end(name[size - 1], found[size]))
            return true;
    return false;
}

bool erase_names(const Erasing *erasing, const char *text)
{
    for (size_t i = 0; i < erasing->text_count; i++)
        if (names(text, erasing->texts[i]))
            return true;
    return false;
}

bool erase_wants_text(const Erasing *erasing, const char *text)
{
    return strcmp(text, ERASED_MARK) != 0 && *text != '\0' &&
           (erasing->email == NULL || erase_names(erasing, text));
}

/* ---- marks ---- */

/* Whatever the member is; one that is absent stays absent, an empty text says nothing. */
static bool mark(json_t *object, const char *name, const char *text)
{
    const json_t *value = json_object_get(object, name);
    const char *was = json_string_value(value);
    if (value == NULL || json_is_null(value) ||
        (was != NULL && (*was == '\0' || strcmp(was, text) == 0)))
        return false;
    json_object_set_new(object, name, json_string(text));
    return true;
}

static bool mark_contact(const Erasing *erasing, json_t *parent, const char *name)
{
    json_t *contact = json_object_get(parent, name);
    if (!wants_contact(erasing, contact))
        return false;
    if (!json_is_object(contact))
        return mark(parent, name, ERASED_MARK);
    bool changed = mark(contact, "name", ERASED_MARK);
    changed |= mark(contact, "title", ERASED_MARK);
    changed |= mark(contact, "email", ERASED_EMAIL);
    return changed;
}

/* A comment of theirs goes as a whole; of others', what names them. */
static bool mark_comment(const Erasing *erasing, json_t *comment)
{
    const char *author = member(comment, "author");
    if (erasing->email != NULL && (author == NULL || !erase_names(erasing, author)))
        return false;
    bool changed = mark(comment, "author", ERASED_MARK);
    changed |= mark(comment, "text", ERASED_MARK);
    return changed;
}

static bool mark_poe(const Erasing *erasing, json_t *poe)
{
    const char *signer = member(poe, "signed_by");
    if (erasing->email != NULL && (signer == NULL || !erase_names(erasing, signer)))
        return false;
    return mark(poe, "signed_by", ERASED_MARK);
}

/* Every text at any depth that names one of them. */
static bool sweep(const Erasing *erasing, json_t *value)
{
    bool changed = false;
    void *next;
    const char *key;
    json_t *item;
    for (size_t i = 0; i < json_array_size(value); i++) {
        item = json_array_get(value, i);
        if (json_is_string(item) && erase_names(erasing, json_string_value(item))) {
            json_array_set_new(value, i, json_string(ERASED_MARK));
            changed = true;
        } else {
            changed |= sweep(erasing, item);
        }
    }
    json_object_foreach_safe(value, next, key, item)
    {
        if (!json_is_string(item))
            changed |= sweep(erasing, item);
        else if (!is_kept_member(key) && erase_names(erasing, json_string_value(item)))
            changed |= mark(value, key, ERASED_MARK);
    }
    return changed;
}

bool erase_document(const Erasing *erasing, json_t *document)
{
    json_t *customer = json_object_get(document, "customer");
    json_t *poe = json_object_get(document, "poe");
    json_t *comments = json_object_get(document, "comments");
    bool changed = mark_contact(erasing, customer, "contact");
    changed |= mark_contact(erasing, customer, "technical_contact");
    changed |= mark_contact(erasing, json_object_get(document, "partner"), "contact");
    for (size_t i = 0; i < json_array_size(poe); i++)
        changed |= mark_poe(erasing, json_array_get(poe, i));
    for (size_t i = 0; i < json_array_size(comments); i++)
        changed |= mark_comment(erasing, json_array_get(comments, i));
    if (erasing->email == NULL)
        changed |= mark(json_object_get(document, "revenue"), "dynamics_seller_name", ERASED_MARK);
    changed |= sweep(erasing, document);
    return changed;
}

bool erase_attachment(const Erasing *erasing, json_t *body)
{
    bool changed = false;
    for (size_t i = 0; i < json_array_size(body); i++)
        changed |= mark_poe(erasing, json_array_get(body, i));
    if (json_is_object(body))
        changed |= mark_comment(erasing, body);
    changed |= sweep(erasing, body);
    return changed;
}

/* ---- opt-outs ---- */

bool erase_wants_actor(const Erasing *erasing, const char *type, const char *id)
{
    if (*id == '\0' || strcmp(id, ERASED_MARK) == 0)
        return false;
    return (erasing->is_customer && strcmp(type, "customer") == 0) || erase_names(erasing, id);
}

/* What says which opt-out it is; the rest is its writer's, unknown members too. */
static bool is_opt_out_member(const char *name)
{
    static const char *const needed[] = {"claim_id", "tenant_id", "lines", "type"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (strcmp(name, needed[i]) == 0)
            return true;
    return false;
}

static bool mark_rest(json_t *object)
{
    bool changed = false;
    void *next;
    const char *key;
    json_t *item;
    json_object_foreach_safe(object, next, key, item)
    {
        if (strcmp(key, "actor") == 0 && json_is_object(item)) {
            const char *type = member(item, "type"); /* an operator's id is a duty's */
            changed |= type != NULL && strcmp(type, "customer") == 0 && mark_rest(item);
        } else if (!is_opt_out_member(key)) {
            changed |= mark(object, key, ERASED_MARK);
        }
    }
    return changed;
}

bool erase_opt_out(const Erasing *erasing, bool is_theirs, json_t *root)
{
    bool changed = sweep(erasing, root);
    json_t *bare = json_object_get(root, "claim_id") == NULL ? json_object_get(root, "data") : root;
    if (!is_theirs)
        return changed;
    /* a mark would be a forged token to whoever reads the record again, none is good */
    changed |= json_object_del(bare, "token") == 0;
    changed |= mark_rest(bare);
    return changed;
}

/* ---- findings ---- */

/* A reviewer writes freely; the other codes' messages are fixed sentences. */
static bool mark_reviewers(json_t *value)
{
    const char *code = member(value, "code");
    bool changed = false;
    const char *key;
    json_t *item;
    if (code != NULL && strncmp(code, "REVIEWER_", 9) == 0) {
        changed |= mark(value, "message", ERASED_MARK);
        changed |= mark(value, "text", ERASED_MARK);
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        changed |= mark_reviewers(json_array_get(value, i));
    json_object_foreach(value, key, item) changed |= mark_reviewers(item);
    return changed;
}

bool erase_findings(const Erasing *erasing, json_t *root)
{
    bool changed = erasing->email == NULL && mark_reviewers(root);
    changed |= sweep(erasing, root);
    return changed;
}
