/*
 * page.h - the page behind the link of a notice: it shows what an opt-out does, and records one.
 *
 * Only a POST opts out: mail scanners and previews follow links with GET. Nothing is looked up, so
 * the page cannot tell whether a claim exists, nor what became of it.
 */
#pragma once

#include "claim/token.h"
#include "runtime/http.h"
#include "runtime/metrics.h"

/*
 * OptOutAppend - put an opt-out into the log that decides.
 *
 * In:      token  as it came, for the event.
 * Out:     ret_at_ms  the instant at which it counts: that of the broker.
 * Errors:  any  nothing is known to be recorded; the customer is asked to try again.
 * Again:   safe: a second opt-out changes nothing.
 *
 * Runs on the server's thread and must be bounded in time.
 */
typedef bool OptOutAppend(void *context, const TokenContent *content, const char *token,
                          int64_t *ret_at_ms, Error *reterr);

typedef struct OptOutPageOptions {
    const TokenKeys *keys;         /* borrowed for the page's life, as all of these */
    const char *programme_address; /* where to write to when the link does not work */
    Metric *const *refused;        /* counts by TokenVerdict */
    OptOutAppend *append;
    void *context; /* of append */
} OptOutPageOptions;

typedef struct OptOutPage OptOutPage;

/*
 * opt_out_page_open - read <folder>/page.<locale>.html of every language (language.h).
 *
 * Errors:  FATAL  as language_set_open and template_open; a face does not say what it must.
 */
MUST_CHECK bool opt_out_page_open(const char *folder, const OptOutPageOptions *options,
                                  OptOutPage **ret_page, Error *reterr);
void opt_out_page_release(OptOutPage **page);

/*
 * opt_out_page_get, opt_out_page_post - handlers for HttpRoute; context is the OptOutPage.
 *
 * Request: token, a query parameter or form field; lang, as language_find, or English.
 * Answers: 200 with the question (GET) or the instant of record (POST); 400 for a token that does
 *          not verify; 503 when append failed, with the button once more. HTML always.
 */
HttpHandler opt_out_page_get, opt_out_page_post;
