/* claim_find.c - see claim_find.h. */
#include "claim_find.h"

#include "claim/text_check.h"
#include "claim/uuid.h"

#include <stdio.h>
#include <string.h>

ExitCode tenant_word_check(const Session *session, const char *word)
{
    if (uuid_is_valid(word, strlen(word)))
        return EXIT_CODE_DONE;
    return session_refuse(session, "\"%.60s\" is no TENANT_ID: it wants to be a GUID", word);
}

ExitCode claim_words_check(const Session *session)
{
    const Arguments *arguments = &session->arguments;
    const char *claim_id = arguments->words[arguments->word_count - 1];
    if (arguments->word_count == 2 &&
        tenant_word_check(session, arguments->words[0]) != EXIT_CODE_DONE)
        return EXIT_CODE_USAGE;
    if (text_is_claim_id(claim_id, strlen(claim_id), 1, CLAIM_ID_SIZE - 1))
        return EXIT_CODE_DONE;
    return session_refuse(session,
                          "\"%.80s\" is no CLAIM_ID: it wants 1 to %d of A-Z a-z 0-9 . _ -",
                          claim_id, CLAIM_ID_SIZE - 1);
}

/* Where claims are, and where those are that have not come yet. Without an index: the claim id is
 * a tenant's own. */
static const DbStatement find_statement = {
    "claim-find", "select tenant_id from claims where claim_id = $1 union"
                  " select tenant_id from kept_opt_outs where claim_id = $1 order by 1 limit 21"};

/* What was ignored is in the history alone. It is the largest table: asked last. */
static const DbStatement find_in_history_statement = {
    "claim-find-history", "select distinct tenant_id from history where claim_id = $1"
                          " order by 1 limit 21"};

static ExitCode found_several(const Session *session, const DbResult *result, const char *claim_id)
{
    session_deny(session, "claim %s is of several tenants: name one", claim_id);
    for (size_t i = 0; i < db_result_rows(result); i++)
        fprintf(stderr, "  cporctl %s %s %s\n", session->command->name, db_text(result, i, 0),
                claim_id);
    return EXIT_CODE_NEGATIVE;
}

static ExitCode take_tenant(Session *session, const DbResult *result, ClaimName *name)
{
    if (db_result_rows(result) == 0)
        return session_deny(session, "no claim %s, of any tenant", name->claim_id);
    if (db_result_rows(result) > 1)
        return found_several(session, result, name->claim_id);
    snprintf(name->tenant_id, sizeof name->tenant_id, "%s", db_text(result, 0, 0));
    return EXIT_CODE_DONE;
}

static ExitCode find_tenant(Session *session, ClaimName *name)
{
    DbResult *result = NULL;
    if (!database_run(session->database, &find_statement, &name->claim_id, 1, &result,
                      &session->error))
        return session_fail(session);
    if (db_result_rows(result) == 0) {
        db_result_release(&result);
        if (!database_run(session->database, &find_in_history_statement, &name->claim_id, 1,
                          &result, &session->error))
            return session_fail(session);
    }
    const ExitCode code = take_tenant(session, result, name);
    db_result_release(&result);
    return code;
}

ExitCode claim_find(Session *session, ClaimName *ret_name)
{
    const Arguments *arguments = &session->arguments;
    *ret_name = (ClaimName){.claim_id = arguments->words[arguments->word_count - 1]};
    if (arguments->word_count == 1)
        return find_tenant(session, ret_name);
    uuid_fold(arguments->words[0], ret_name->tenant_id);
    return EXIT_CODE_DONE;
}
