/* submit_check.h - one document before it is published: what is certain to be found of it. */
#pragma once

#include "document_file.h"
#include "options.h"

#include "claim/rules.h"

enum { PUBLISHED_ID_SIZE = UUID_SIZE + CLAIM_ID_SIZE + 40 };

typedef struct SubmitChecker SubmitChecker;

/* In the checker's arena until the next document. */
typedef struct SubmitDocument {
    char tenant_id[UUID_SIZE], claim_id[CLAIM_ID_SIZE]; /* "" where it cannot be read */
    bool is_revision;
    int32_t revision;
    char event_id[PUBLISHED_ID_SIZE]; /* deterministic: the same document, the same id */
    char content_hash[65];            /* of its canonical form, where it is not bad */
    const Finding *findings;
    size_t finding_count;
    const char *fault_code; /* of findings that are no rule's (CODE_NONE): "NOT_JSON" */
    bool is_bad;            /* a refusal is among the findings: it must not be published */
} SubmitDocument;

/*
 * submit_checker_open - catalogue, calendars, clock, from the session's settings.
 *
 * In:      takes_revisions  a document with a member `revision` is a partner's answer.
 * Errors:  in session->error.
 */
MUST_CHECK bool submit_checker_open(Session *session, bool takes_revisions,
                                    SubmitChecker **ret_checker);
void submit_checker_release(SubmitChecker **place);

/*
 * submit_check - judge one document of the named file; total.
 *
 * In:      is_first_look  look also whether the claim stands in the call twice, with two contents.
 */
void submit_check(SubmitChecker *checker, const char *file_name, const DocumentText *text,
                  bool is_first_look, SubmitDocument *ret_document);

/* submit_checker_now - business time, for ce_time. */
int64_t submit_checker_now(const SubmitChecker *checker);
