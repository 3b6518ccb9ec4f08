/* notice.h - the message to the customer's contact: templates as files, text and HTML. */
#pragma once

#include "claim/calendar.h"
#include "claim/claim.h"

typedef struct NoticeTemplates NoticeTemplates;

/*
 * notice_templates_open - read <folder>/notice.<locale>.{subject,txt,html} for every locale that
 * is there ("en" must be) and check their placeholders. A paragraph of the text is one line of its
 * file: lines are broken when it is filled in.
 *
 * Errors:  FATAL  as language_set_open; a file is not UTF-8, has an unknown placeholder or lacks a
 *          required one, be it only where nothing is shared or nobody is addressed: which file,
 *          which placeholder, what is allowed.
 */
MUST_CHECK bool notice_templates_open(const char *folder, NoticeTemplates **ret_templates,
                                      Error *reterr);
void notice_templates_release(NoticeTemplates **templates);

typedef struct NoticeItem {
    const char *name;   /* "Exchange Online" */
    const char *detail; /* subscription id, or "" */
} NoticeItem;

/* What a notice says. Texts are borrowed for the call; those from outside may be anything. */
typedef struct Notice {
    const char *claim_id, *claim_name;
    int32_t revision;
    const char *tenant_id, *tenant_name, *domain;
    const char *partner_name, *mpn_id;
    const char *contact_name, *contact_email;
    const char *locale;  /* BCP 47, or ""; falls back to its language, then to English */
    const char *country; /* or "": chooses a language where no locale is given */
    bool shares_data;    /* usage and sold seats; false for revenue association */
    const NoticeItem *items;
    size_t item_count;
    int64_t deadline_at_ms;
    const Zone *zone;
    const char *opt_out_url; /* complete; ends with ?token=…, so a template may add &lang=ko */
    const char *programme_address; /* to reply to where a link cannot be used */
    const char *from_address;      /* bare, ours; its host is that of the Message-ID, too */
    const char *from_name;         /* before it, and before the programme's; or "" */
    int64_t date_ms;               /* wall time, for the Date header */
} Notice;

/*
 * notice_render - a complete RFC 5322 message with CRLF line ends: multipart/alternative, both
 * parts UTF-8 in quoted-printable or base64; headers RFC 2047-encoded and folded; the
 * Message-ID derived from tenant, claim and revision alone (notice_message_id).
 *
 * Nothing from outside can become a header, a line of one, or HTML: control characters are
 * dropped from headers, values are escaped for HTML, no third person's address is in it. A
 * contact_email that is no bare address leaves To empty: smtp_send refuses it, too.
 *
 * Out:     ret_message  borrowed from the arena; some 30 KiB, 70 KiB with fifty long items.
 * Errors:  FATAL  from_address or programme_address is no address, or opt_out_url no link: ours.
 */
MUST_CHECK bool notice_render(const NoticeTemplates *templates, const Notice *notice, Arena *arena,
                              const char **ret_message, size_t *ret_size, Error *reterr);

/* notice_message_id - "<uuid@cpor.invalid>" style id, uuid_event("tenant/claim/notice/revision").
 */
const char *notice_message_id(const char *tenant_id, const char *claim_id, int32_t revision,
                              const char *host, Arena *arena);
