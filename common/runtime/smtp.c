/*
 * smtp.c - the adapter of libcurl for SMTP.
 *
 * libcurl tells a refusal only by a general code (7.88: CURLE_SEND_ERROR for RCPT,
 * CURLE_WEIRD_SERVER_REPLY behind the final dot), so the dialogue itself is followed: which
 * command was sent last, and how it was answered.
 */
#include "smtp.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The step of the dialogue that the next reply answers. */
typedef enum SmtpStep {
    STEP_SESSION, /* greeting, EHLO, HELO, STARTTLS */
    STEP_AUTH,
    STEP_SENDER,   /* MAIL: about our address, no fault of the recipient */
    STEP_ENVELOPE, /* RCPT, DATA before its 354 */
    STEP_MESSAGE,  /* behind 354, until the reply to the final dot */
    STEP_ACCEPTED, /* 2xx to the final dot: nothing after it can change that */
} SmtpStep;

struct Smtp {
    CURL *curl; /* owned; keeps the connection */
    const char *message;
    size_t message_size, sent_size;
    SmtpStep step;
    bool quitting; /* from QUIT on replies say nothing of the message any more */
    int code;      /* of the last complete reply; 0 before the first */
    char text[SMTP_TEXT_SIZE];
    char curl_text[CURL_ERROR_SIZE];
};

static void curl_init(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t smtp_read(char *buffer, size_t size, size_t count, void *context)
{
    Smtp *smtp = context;
    const size_t room = size * count;
    const size_t left = smtp->message_size - smtp->sent_size;
    const size_t taken = left < room ? left : room;
    memcpy(buffer, smtp->message + smtp->sent_size, taken);
    smtp->sent_size += taken;
    return taken;
}

static size_t smtp_discard(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static bool begins_with(const char *data, size_t size, const char *word)
{
    return size >= strlen(word) && strncasecmp(data, word, strlen(word)) == 0;
}

static void smtp_note_command(Smtp *smtp, const char *data, size_t size)
{
    static const struct {
        const char *word;
        SmtpStep step;
    } commands[] = {
        {"MAIL ", STEP_SENDER},       {"RCPT ", STEP_ENVELOPE}, {"DATA\r", STEP_ENVELOPE},
        {"AUTH ", STEP_AUTH},         {"EHLO ", STEP_SESSION},  {"HELO ", STEP_SESSION},
        {"STARTTLS\r", STEP_SESSION},
    };
    if (smtp->step == STEP_ACCEPTED)
        return;
    smtp->quitting = begins_with(data, size, "QUIT\r");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (begins_with(data, size, commands[i].word)) {
            smtp->step = commands[i].step;
            return;
        }
    }
    /* anything else continues AUTH, or is QUIT behind a refusal: both keep the step */
}

static void text_copy(char *text, size_t room, const char *data, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size && data[i] != '\r' && data[i] != '\n' && used + 1 < room; i++)
        text[used++] = data[i] >= 0x20 && data[i] <= 0x7e ? data[i] : '?';
    text[used] = '\0';
}

/* A reply's last line is "NNN text"; earlier ones are "NNN-text". */
static void smtp_note_reply(Smtp *smtp, const char *data, size_t size)
{
    if (size < 4 || data[3] == '-' || data[0] < '2' || data[0] > '5')
        return;
    if (smtp->step == STEP_ACCEPTED || smtp->quitting)
        return;
    smtp->code = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
    text_copy(smtp->text, sizeof smtp->text, data, size);
    if (smtp->step == STEP_ENVELOPE && smtp->code == 354)
        smtp->step = STEP_MESSAGE;
    else if (smtp->step == STEP_MESSAGE && smtp->code / 100 == 2)
        smtp->step = STEP_ACCEPTED;
}

/* libcurl's trace is the only place where commands and replies are seen in their order. */
static int smtp_trace(CURL *curl, curl_infotype type, char *data, size_t size, void *context)
{
    (void)curl;
    if (type == CURLINFO_HEADER_OUT)
        smtp_note_command(context, data, size);
    else if (type == CURLINFO_HEADER_IN)
        smtp_note_reply(context, data, size);
    return 0;
}

/* The connections of one server tend to die together and in silence. Found out one after another
 * each costs a whole time-out; one that was idle for longer than this is not used again. */
static const long idle_seconds_max = 10;

static bool curl_set_up_tls(CURL *curl, const SmtpSettings *settings)
{
    const long use = settings->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE;
    return curl_easy_setopt(curl, CURLOPT_USE_SSL, use) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (*settings->ca_file == '\0' ||
            (curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca_file) == CURLE_OK &&
             curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK));
}

static bool curl_set_up(Smtp *smtp, const SmtpSettings *settings)
{
    CURL *curl = smtp->curl;
    const int timeout_ms = settings->timeout_ms;
    const long half_ms = timeout_ms / 2 > 0 ? timeout_ms / 2 : 1;
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_URL, settings->url) == CURLE_OK &&
           /* no proxy out of the environment: mail goes where the setting says */
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_set_up_tls(curl, settings) &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, half_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                            (long)(timeout_ms + 999) / 1000) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, idle_seconds_max) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READFUNCTION, smtp_read) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READDATA, smtp) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, smtp_discard) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, smtp_trace) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_DEBUGDATA, smtp) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, smtp->curl_text) == CURLE_OK;
}

static bool is_this_machine(const char *host)
{
    struct in_addr address;
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

/* The parts of a URL that decide whether it may be used; texts are libcurl's. */
static bool url_part_get(CURLU *parsed, CURLUPart part, char **ret_text)
{
    return curl_url_get(parsed, part, ret_text, 0) == CURLUE_OK;
}

/* A relay on this machine may be spoken to in clear; no password goes over a wire so. */
static bool url_check(const SmtpSettings *settings, Error *reterr)
{
    const char *url = settings->url;
    CURLU *parsed = curl_url();
    char *user = NULL, *host = NULL;
    bool good = false;
    if (!begins_with(url, strlen(url), "smtp://") && !begins_with(url, strlen(url), "smtps://"))
        error_set(reterr, ERROR_FATAL, "read mail URL: must be smtp:// or smtps://");
    else if (parsed == NULL || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
             !url_part_get(parsed, CURLUPART_HOST, &host))
        error_set(reterr, ERROR_FATAL,
                  "read mail URL: not smtp://[user:password@]host[:port] (special characters in"
                  " user and password as %%XX)");
    else if (url_part_get(parsed, CURLUPART_USER, &user) && !settings->starttls &&
             begins_with(url, strlen(url), "smtp://") && !is_this_machine(host))
        error_set(reterr, ERROR_FATAL,
                  "read mail URL: its password would go over the wire in clear (set"
                  " CPOR_SMTP_STARTTLS=true, or use smtps://)");
    else
        good = true;
    curl_free(user);
    curl_free(host);
    curl_url_cleanup(parsed);
    return good;
}

bool smtp_open(const SmtpSettings *settings, Smtp **ret_smtp, Error *reterr)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, curl_init);
    if (!url_check(settings, reterr))
        return false;
    if (settings->timeout_ms < 1)
        return error_set(reterr, ERROR_FATAL, "open mail: time-out below 1 ms");
    if (*settings->ca_file != '\0' && access(settings->ca_file, R_OK) != 0)
        return error_set(reterr, ERROR_FATAL, "open mail: CA file %s: %m", settings->ca_file);
    Smtp *smtp = calloc(1, sizeof *smtp);
    if (smtp != NULL)
        smtp->curl = curl_easy_init();
    if (smtp == NULL || smtp->curl == NULL || !curl_set_up(smtp, settings)) {
        smtp_release(&smtp);
        return error_set(reterr, ERROR_FATAL, "open mail: libcurl cannot be set up");
    }
    *ret_smtp = smtp;
    return true;
}

void smtp_release(Smtp **smtp)
{
    if (*smtp == NULL)
        return;
    if ((*smtp)->curl != NULL)
        curl_easy_cleanup((*smtp)->curl);
    free(*smtp);
    *smtp = NULL;
}

static const char *address_problem(const char *address)
{
    const size_t size = strnlen(address, SMTP_ADDRESS_SIZE_MAX + 1);
    if (size > SMTP_ADDRESS_SIZE_MAX)
        return "address too long";
    for (size_t i = 0; i < size; i++)
        if (address[i] <= 0x20 || address[i] > 0x7e || address[i] == '<' || address[i] == '>')
            return "address with a character that is not allowed";
    const char *at = strrchr(address, '@');
    if (at == NULL || at == address || at[1] == '\0')
        return "address without a part before or after @";
    return NULL;
}

static const char *message_problem(const char *message, size_t size)
{
    if (size == 0 || size > SMTP_MESSAGE_SIZE_MAX)
        return "message empty or too long";
    for (size_t i = 0; i < size; i++) {
        if (message[i] == '\0')
            return "message with a NUL byte";
        if (message[i] == '\r' && (i + 1 == size || message[i + 1] != '\n'))
            return "message with a lone CR";
        if (message[i] == '\n' && (i == 0 || message[i - 1] != '\r'))
            return "message with a lone LF";
    }
    return NULL;
}

static bool smtp_answer(const Smtp *smtp, SmtpAnswer answer, SmtpReply *ret_reply)
{
    ret_reply->answer = answer;
    ret_reply->about_sender = false;
    ret_reply->code = smtp->code;
    memcpy(ret_reply->text, smtp->text, sizeof ret_reply->text);
    return true;
}

static bool smtp_refuse(const char *problem, SmtpReply *ret_reply)
{
    *ret_reply = (SmtpReply){.answer = SMTP_PERMANENT};
    snprintf(ret_reply->text, sizeof ret_reply->text, "not sent: %s", problem);
    return true;
}

/* libcurl's codes that waiting does not heal; every other one is RETRY. */
static ErrorClass curl_class(CURLcode code)
{
    static const CURLcode fatal_codes[] = {
        CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,       CURLE_NOT_BUILT_IN,
        CURLE_LOGIN_DENIED,         CURLE_USE_SSL_FAILED,      CURLE_PEER_FAILED_VERIFICATION,
        CURLE_SSL_CERTPROBLEM,      CURLE_SSL_CACERT_BADFILE,  CURLE_SSL_CIPHER,
        CURLE_SSL_ISSUER_ERROR,     CURLE_SSL_ENGINE_NOTFOUND,
    };
    for (size_t i = 0; i < sizeof fatal_codes / sizeof fatal_codes[0]; i++)
        if (code == fatal_codes[i])
            return ERROR_FATAL;
    return ERROR_RETRY;
}

/* The server wants a login or TLS that is not set, or refuses ours (RFC 4954): every message
 * would fail in the same way, so this must not be taken for the message's fault. */
static bool code_is_about_login(int code)
{
    return code == 530 || code == 534 || code == 535 || code == 538;
}

/* A server's words may repeat the recipient's address, which no log may hold: words with '@' go. */
static void text_hide_addresses(char *text)
{
    for (char *word = text; *word != '\0';) {
        const size_t size = strcspn(word, " ");
        if (memchr(word, '@', size) != NULL)
            memset(word, '*', size);
        word += size + strspn(word + size, " ");
    }
}

/* What to do about those that only an operator can mend. */
static const char *curl_advice(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *advice;
    } rows[] = {
        {CURLE_USE_SSL_FAILED,
         " (no STARTTLS: the server does not offer it, or somebody on the way took it away;"
         " nothing was sent)"},
        {CURLE_PEER_FAILED_VERIFICATION,
         " (CPOR_SMTP_CA_FILE must hold the CA of the server's certificate, CPOR_SMTP_URL its"
         " name; nothing was sent)"},
        {CURLE_SSL_CACERT_BADFILE, " (CPOR_SMTP_CA_FILE must be a file of PEM certificates)"},
        {CURLE_LOGIN_DENIED, " (user and password are in CPOR_SMTP_URL)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].advice;
    return "";
}

static bool smtp_fail(const Smtp *smtp, CURLcode result, Error *reterr)
{
    ErrorClass class = curl_class(result);
    if (code_is_about_login(smtp->code) || (smtp->step == STEP_AUTH && smtp->code >= 500))
        class = ERROR_FATAL;
    else if (smtp->code >= 400) /* 4xx to AUTH or STARTTLS, whatever to greeting and EHLO */
        class = ERROR_RETRY;
    const char *cause = smtp->curl_text[0] == '\0' ? curl_easy_strerror(result) : smtp->curl_text;
    char said[SMTP_TEXT_SIZE] = "";
    if (smtp->code >= 400)
        memcpy(said, smtp->text, sizeof said);
    text_hide_addresses(said);
    return error_set(reterr, class, "send mail: %.150s%s%.150s%s", cause,
                     *said == '\0' ? "" : "; server says ", said, curl_advice(result));
}

/* Table of outcomes: by the step that was answered, then by the reply's first digit. */
static bool smtp_conclude(const Smtp *smtp, CURLcode result, SmtpReply *ret_reply, Error *reterr)
{
    if (smtp->step == STEP_ACCEPTED)
        return smtp_answer(smtp, SMTP_ACCEPTED, ret_reply);
    const bool about_sender = smtp->step == STEP_SENDER;
    const bool about_message =
        about_sender || smtp->step == STEP_ENVELOPE || smtp->step == STEP_MESSAGE;
    if (!about_message || smtp->code < 400 || smtp->code == 421 ||
        code_is_about_login(smtp->code)) {
        smtp_answer(smtp, about_message ? SMTP_TEMPORARY : SMTP_UNANSWERED, ret_reply);
        return smtp_fail(smtp, result, reterr);
    }
    smtp_answer(smtp, smtp->code < 500 || about_sender ? SMTP_TEMPORARY : SMTP_PERMANENT,
                ret_reply);
    ret_reply->about_sender = about_sender && smtp->code >= 500;
    text_hide_addresses(ret_reply->text);
    return true;
}

bool smtp_send(Smtp *smtp, const char *from, const char *to, const char *message,
               size_t message_size, SmtpReply *ret_reply, Error *reterr)
{
    const char *problem = address_problem(from);
    if (problem != NULL)
        return error_set(reterr, ERROR_FATAL, "send mail: sender's %s", problem);
    problem = address_problem(to);
    if (problem == NULL)
        problem = message_problem(message, message_size);
    if (problem != NULL)
        return smtp_refuse(problem, ret_reply);
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    if (recipients == NULL)
        return error_set(reterr, ERROR_RETRY, "send mail: out of memory");
    smtp->message = message;
    smtp->message_size = message_size;
    smtp->sent_size = 0;
    smtp->step = STEP_SESSION;
    smtp->quitting = false;
    smtp->code = 0;
    smtp->text[0] = smtp->curl_text[0] = '\0';
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(smtp->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)message_size);
    const CURLcode result = curl_easy_perform(smtp->curl);
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(recipients);
    smtp->message = NULL;
    return smtp_conclude(smtp, result, ret_reply, reterr);
}
