/* submit_check.c - see submit_check.h. */
#include "submit_check.h"

#include "claim/strict_json.h"
#include "runtime/clock.h"
#include "runtime/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REVISION_HASH_SIZE = 16, SEEN_ROOM_FIRST = 1024 };

/* A claim that stood in the call before. 32 bytes each: half a million are 32 MB at most. */
typedef struct Seen {
    uint64_t name_hash; /* 0: free */
    uint64_t content_hash;
    const char *file_name; /* borrowed from argv */
    size_t line;
} Seen;

struct SubmitChecker {
    Session *session; /* borrowed */
    bool takes_revisions;
    Catalogue *catalogue;
    CalendarSet *calendars;
    const Zone *zone; /* of the default calendar */
    Clock clock;
    Arena arena; /* of the document in hand */
    Seen *seen;
    size_t seen_count, seen_room; /* a power of two */
};

static bool zone_is_known(const void *context, const char *name)
{
    return zone_is_valid(context, name);
}

static bool checker_open(SubmitChecker *checker)
{
    Session *session = checker->session;
    const char *country = config_text(session->config, "CPOR_DEFAULT_COUNTRY");
    const char *products =
        arena_printf(&session->arena, "%s/products.json", session_share_path(session, "catalogue"));
    if (!session_clock(session, &checker->clock) ||
        !catalogue_open(products, &checker->catalogue, &session->error) ||
        !calendar_set_open(&checker->calendars, session_share_path(session, "calendars"),
                           &session->error))
        return false;
    const Calendar *calendar = calendar_find(checker->calendars, country);
    checker->zone =
        calendar == NULL ? calendar_set_zone(checker->calendars, "UTC") : calendar_zone(calendar);
    checker->seen_room = SEEN_ROOM_FIRST;
    checker->seen = calloc(checker->seen_room, sizeof *checker->seen);
    return (checker->zone != NULL && checker->seen != NULL) ||
           error_set(&session->error, ERROR_FATAL, "check documents: out of memory, or no tzdata");
}

bool submit_checker_open(Session *session, bool takes_revisions, SubmitChecker **ret_checker)
{
    SubmitChecker *checker = calloc(1, sizeof *checker);
    if (checker == NULL)
        return error_set(&session->error, ERROR_FATAL, "check documents: out of memory");
    checker->session = session;
    checker->takes_revisions = takes_revisions;
    arena_init(&checker->arena);
    const bool done = checker_open(checker);
    if (!done)
        submit_checker_release(&checker);
    *ret_checker = checker;
    return done;
}

void submit_checker_release(SubmitChecker **place)
{
    SubmitChecker *checker = *place;
    if (checker == NULL)
        return;
    free(checker->seen);
    calendar_set_release(&checker->calendars);
    catalogue_release(&checker->catalogue);
    arena_deinit(&checker->arena);
    free(checker);
    *place = NULL;
}

int64_t submit_checker_now(const SubmitChecker *checker)
{
    return clock_now(&checker->clock);
}

/* ---- findings that are none of the rules' ---- */

static void add_refusal(SubmitChecker *checker, SubmitDocument *document, const char *code,
                        const char *message)
{
    Finding *findings =
        arena_new(&checker->arena, (document->finding_count + 1) * sizeof *findings);
    if (document->finding_count > 0)
        memcpy(findings, document->findings, document->finding_count * sizeof *findings);
    findings[document->finding_count++] = (Finding){.kind = FINDING_REFUSAL, .message = message};
    document->fault_code = code;
    document->findings = findings;
    document->is_bad = true;
}

/* ---- a claim twice in one call ---- */

static uint64_t hash_text(uint64_t hash, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) /* FNV-1a */
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash;
}

static Seen *seen_find(Seen *seen, size_t room, uint64_t name_hash)
{
    size_t i = name_hash & (room - 1);
    while (seen[i].name_hash != 0 && seen[i].name_hash != name_hash)
        i = (i + 1) & (room - 1);
    return &seen[i];
}

/* Without memory for more, what is new is not remembered. */
static void seen_grow(SubmitChecker *checker)
{
    const size_t room = checker->seen_room * 2;
    Seen *seen = checker->seen_count * 2 < checker->seen_room ? NULL : calloc(room, sizeof *seen);
    if (seen == NULL)
        return;
    for (size_t i = 0; i < checker->seen_room; i++)
        if (checker->seen[i].name_hash != 0)
            *seen_find(seen, room, checker->seen[i].name_hash) = checker->seen[i];
    free(checker->seen);
    checker->seen = seen;
    checker->seen_room = room;
}

static void look_twice(SubmitChecker *checker, const char *file_name, size_t line,
                       SubmitDocument *document)
{
    static const uint64_t basis = 14695981039346656037u;
    const uint64_t name_hash = hash_text(basis, document->event_id, strlen(document->event_id)) | 1;
    const uint64_t content_hash = hash_text(basis, document->content_hash, 64);
    Seen *seen = seen_find(checker->seen, checker->seen_room, name_hash);
    if (seen->name_hash == 0) {
        if (checker->seen_count + 1 < checker->seen_room) {
            *seen = (Seen){name_hash, content_hash, file_name, line};
            checker->seen_count++;
        }
        seen_grow(checker);
    } else if (seen->content_hash != content_hash) {
        add_refusal(checker, document, "CLAIM_IMMUTABLE",
                    arena_printf(&checker->arena,
                                 "The same claim_id with other content stands at %s:%zu.",
                                 seen->file_name, seen->line));
    }
}

/* ---- one document ---- */

static const Zone *zone_of(const SubmitChecker *checker, const ClaimDocument *document)
{
    const Zone *zone = calendar_set_zone(checker->calendars, document->time_zone);
    if (zone != NULL)
        return zone;
    const Calendar *calendar =
        document->country == NULL ? NULL : calendar_find(checker->calendars, document->country);
    return calendar == NULL ? checker->zone : calendar_zone(calendar);
}

/* A revision that was refused as malformed is mended and sent again under its number: its content
 * must be in its id, or the mended one would be taken for a repetition. */
static void name_event(SubmitChecker *checker, const json_t *root, SubmitDocument *document)
{
    size_t size = 0;
    const char *canonical = document_canonical(root, &checker->arena, &size);
    sha256_hex(canonical, size, document->content_hash);
    snprintf(document->event_id, sizeof document->event_id, "%s/%s", document->tenant_id,
             document->claim_id);
    if (document->is_revision)
        snprintf(document->event_id, sizeof document->event_id, "%s/%s/%" PRId32 "/%.*s",
                 document->tenant_id, document->claim_id, document->revision, REVISION_HASH_SIZE,
                 document->content_hash);
}

static bool is_any_refusal(const Finding *findings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (findings[i].kind == FINDING_REFUSAL)
            return true;
    return false;
}

static void judge(SubmitChecker *checker, const json_t *root, SubmitDocument *document)
{
    ClaimDocument claim;
    Finding *findings = NULL;
    document->is_revision = checker->takes_revisions && json_object_get(root, "revision") != NULL;
    document_decode(root, document->is_revision, zone_is_known, checker->calendars, &checker->arena,
                    &claim);
    document_check(&claim, checker->catalogue, zone_of(checker, &claim), clock_now(&checker->clock),
                   &checker->arena, &findings, &document->finding_count);
    document->findings = findings;
    document->is_bad = is_any_refusal(findings, document->finding_count);
    document->revision = claim.revision;
    if (claim.tenant_id != NULL)
        snprintf(document->tenant_id, sizeof document->tenant_id, "%s", claim.tenant_id);
    if (claim.claim_id != NULL)
        snprintf(document->claim_id, sizeof document->claim_id, "%s", claim.claim_id);
    if (!document->is_bad)
        name_event(checker, root, document);
}

void submit_check(SubmitChecker *checker, const char *file_name, const DocumentText *text,
                  bool is_first_look, SubmitDocument *ret_document)
{
    Error error = {0};
    JSON_AUTO root = NULL;
    arena_reset(&checker->arena);
    *ret_document = (SubmitDocument){.is_bad = false};
    if (text->fault != NULL)
        add_refusal(checker, ret_document, "NOT_JSON", text->fault);
    else if (!json_decode_strict(text->text, text->size, &root, &error))
        add_refusal(checker, ret_document, arena_text(&checker->arena, error.code),
                    arena_text(&checker->arena, error.text));
    else
        judge(checker, root, ret_document);
    if (is_first_look && !ret_document->is_bad)
        look_twice(checker, file_name, text->line, ret_document);
}
