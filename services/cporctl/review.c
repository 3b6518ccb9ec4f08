/* review.c - `cporctl review`: a reviewer's verdict. */
#include "act.h"
#include "review_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Option review_options[] = {
    {"--list", NULL, "the claims that await a reviewer, oldest first"},
    {"--approve", NULL, "what is asked and waited for is overridden, refusals are not"},
    {"--reject", NULL, "refuse"},
    {"--ask", NULL, "ask the partner, whose time to answer begins"},
    {"--line", "N…", "only this line; again for more; else the whole claim"},
    {"--reason", "TEXT", "wanted with --reject and --ask; the partner reads it"},
    {"--finding", "CODE:LINE:MESSAGE…", "of a question or a refusal; LINE may be empty"},
    {"--reviewer", "ID", "who decides; stands in the history"},
    ACT_OPTIONS,
};

static const char *const verdict_options[] = {"--approve", "--reject", "--ask"};
static const char *const verdict_words[] = {"APPROVE", "REJECT", "ASK"};
enum { VERDICT_WORD_COUNT = 3, APPROVE_INDEX = 0, LINE_NUMBER_LAST = 9999 };

typedef struct Review {
    Act act;
    int verdict; /* in verdict_words */
    const char *reason, *reviewer;
} Review;

static ExitCode read_verdict(Review *review)
{
    const Session *session = review->act.session;
    review->verdict = -1;
    for (int i = 0; i < VERDICT_WORD_COUNT; i++) {
        if (arguments_option(&session->arguments, verdict_options[i]) == NULL)
            continue;
        if (review->verdict >= 0)
            return session_refuse(session, "%s or %s? a verdict is one of them",
                                  verdict_options[review->verdict], verdict_options[i]);
        review->verdict = i;
    }
    if (review->verdict < 0)
        return session_refuse(session, "which verdict? --approve, --reject or --ask");
    review->reason = arguments_option(&session->arguments, "--reason");
    if (review->verdict != APPROVE_INDEX)
        return act_text(session, "--reason", &review->reason);
    return EXIT_CODE_DONE;
}

/* "CODE:LINE:MESSAGE" into the event; bad words are found where the event is decoded. */
static ExitCode add_finding(Review *review, const char *text)
{
    Act *act = &review->act;
    const char *line_text = strchr(text, ':');
    const char *message = line_text == NULL ? NULL : strchr(line_text + 1, ':');
    char *end = NULL;
    if (message == NULL || message[1] == '\0')
        return session_refuse(act->session, "--finding %.60s: wants CODE:LINE:MESSAGE", text);
    const long line = strtol(line_text + 1, &end, 10);
    const bool has_line = message > line_text + 1;
    if (has_line && (end != message || line < 1 || line > LINE_NUMBER_LAST))
        return session_refuse(act->session, "--finding %.60s: LINE wants a number, or nothing",
                              text);
    if (has_line && claim_line(&act->claim, (int32_t)line) == NULL)
        return session_deny(act->session, "claim %s has no line %ld", act->name.claim_id, line);
    writer_open(&act->writer, '{');
    writer_key(&act->writer, "code");
    writer_text_sized(&act->writer, text, (size_t)(line_text - text));
    if (has_line)
        writer_member_integer(&act->writer, "line", line);
    writer_member_text(&act->writer, "message", message + 1);
    writer_close(&act->writer, '}');
    return EXIT_CODE_DONE;
}

static ExitCode add_findings(Review *review)
{
    Act *act = &review->act;
    const Arguments *arguments = &act->session->arguments;
    const char *text = arguments_repeat(arguments, "--finding", 0);
    ExitCode code = EXIT_CODE_DONE;
    if (text == NULL)
        return EXIT_CODE_DONE;
    writer_key(&act->writer, "findings");
    writer_open(&act->writer, '[');
    for (size_t i = 0; text != NULL && code == EXIT_CODE_DONE;
         text = arguments_repeat(arguments, "--finding", ++i))
        code = add_finding(review, text);
    writer_close(&act->writer, ']');
    return code;
}

static ExitCode review_read(Session *session, Review *review)
{
    if (session->arguments.word_count == 0)
        return session_refuse(session, "which claim? an argument is missing (or --list)");
    ExitCode code = act_read(session, EVENT_CLAIM_REVIEWED, &review->act);
    if (code == EXIT_CODE_DONE)
        code = read_verdict(review);
    if (code == EXIT_CODE_DONE)
        code = act_text(session, "--reviewer", &review->reviewer);
    if (code == EXIT_CODE_DONE && review->verdict == APPROVE_INDEX &&
        arguments_option(&session->arguments, "--finding") != NULL)
        return session_refuse(session,
                              "--finding tells the partner what is wrong: it goes with --ask "
                              "or --reject");
    return code;
}

static ExitCode review_one(Session *session)
{
    Review review;
    ExitCode code = review_read(session, &review);
    if (code == EXIT_CODE_DONE)
        code = act_begin(&review.act);
    if (code != EXIT_CODE_DONE)
        return code;
    JsonWriter *writer = &review.act.writer;
    writer_member_integer(writer, "revision", review.act.claim.revision);
    writer_member_text(writer, "verdict", verdict_words[review.verdict]);
    if (review.reason != NULL)
        writer_member_text(writer, "reason", review.reason);
    code = add_findings(&review);
    if (code != EXIT_CODE_DONE)
        return code;
    act_add_actor(&review.act, ACTOR_REVIEWER, review.reviewer);
    return act_send(&review.act);
}

static ExitCode list(Session *session)
{
    const Option *option = review_options;
    if (session->arguments.word_count > 0)
        return session_refuse(session, "--list is of all claims: no claim goes with it");
    for (; option->name != NULL; option++)
        if (strcmp(option->name, "--list") != 0 && strcmp(option->name, "--json") != 0 &&
            arguments_option(&session->arguments, option->name) != NULL)
            return session_refuse(session, "%s does not go with --list", option->name);
    return review_list(session);
}

ExitCode review_run(Session *session)
{
    return arguments_option(&session->arguments, "--list") != NULL ? list(session)
                                                                   : review_one(session);
}
