/* test_smtp.c - smtp.h against a mail server in this process that answers as a script tells it. */
#include "runtime/smtp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINE_SIZE = 1200, MESSAGE_SIZE = 4096, PATIENCE_MS = 20000, STALL_MS = 300 };

/*
 * What the server says instead of what a good one does; NULL: as a good one. "close" closes the
 * connection, "stall" says nothing until the client goes away.
 */
typedef struct Script {
    const char *greeting, *ehlo, *helo, *auth, *mail, *rcpt, *data, *message;
    bool close_after_message; /* behind the reply to the final dot */
    bool offer_auth;
} Script;

/* One connection at a time: the client under test has no more. */
typedef struct Server {
    int listen_fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    const Script *script;
    int fd; /* of the open connection, or -1 */
    int connection_count;
    char message[MESSAGE_SIZE]; /* the last one, without the final dot, dots still doubled */
} Server;

static const Script good_script = {0};

static const Script *server_script(Server *server)
{
    pthread_mutex_lock(&server->lock);
    const Script *script = server->script;
    pthread_mutex_unlock(&server->lock);
    return script;
}

/* Says a line; false ends the connection. */
static bool server_say(FILE *connection, const char *scripted, const char *usual)
{
    const char *text = scripted == NULL ? usual : scripted;
    char line[LINE_SIZE];
    if (strcmp(text, "close") == 0)
        return false;
    if (strcmp(text, "stall") == 0) {
        while (fgets(line, sizeof line, connection) != NULL)
            continue;
        return false;
    }
    return fprintf(connection, "%s\r\n", text) > 0 && fflush(connection) == 0;
}

static bool server_read_message(Server *server, FILE *connection)
{
    char line[LINE_SIZE], message[MESSAGE_SIZE] = "";
    while (fgets(line, sizeof line, connection) != NULL) {
        if (strcmp(line, ".\r\n") == 0) {
            pthread_mutex_lock(&server->lock);
            memcpy(server->message, message, sizeof message);
            pthread_mutex_unlock(&server->lock);
            return true;
        }
        const size_t used = strlen(message);
        snprintf(message + used, sizeof message - used, "%s", line);
    }
    return false;
}

static bool server_take_message(Server *server, FILE *connection, const Script *script)
{
    if (!server_say(connection, script->data, "354 go on"))
        return false;
    if (script->data != NULL)
        return true;
    return server_read_message(server, connection) &&
           server_say(connection, script->message, "250 queued") && !script->close_after_message;
}

static bool server_take_login(FILE *connection, const Script *script)
{
    char secret[LINE_SIZE];
    return server_say(connection, NULL, "334 ") &&
           fgets(secret, sizeof secret, connection) != NULL &&
           server_say(connection, script->auth, "235 welcome");
}

/* One command; false ends the connection. */
static bool server_answer(Server *server, FILE *connection, const char *line)
{
    const Script *script = server_script(server);
    if (strncmp(line, "EHLO", 4) == 0)
        return server_say(connection, script->ehlo,
                          script->offer_auth ? "250-here\r\n250 AUTH PLAIN" : "250 here");
    if (strncmp(line, "HELO", 4) == 0)
        return server_say(connection, script->helo, "250 here");
    if (strncmp(line, "AUTH", 4) == 0)
        return server_take_login(connection, script);
    if (strncmp(line, "MAIL", 4) == 0)
        return server_say(connection, script->mail, "250 sender fine");
    if (strncmp(line, "RCPT", 4) == 0)
        return server_say(connection, script->rcpt, "250 recipient fine");
    if (strncmp(line, "DATA", 4) == 0)
        return server_take_message(server, connection, script);
    if (strncmp(line, "QUIT", 4) == 0) {
        server_say(connection, NULL, "221 bye");
        return false;
    }
    return server_say(connection, NULL, "500 what?");
}

static void server_serve(Server *server, int fd)
{
    char line[LINE_SIZE];
    FILE *connection = fdopen(fd, "r+");
    if (connection == NULL)
        return;
    bool goes_on = server_say(connection, server_script(server)->greeting, "220 test");
    while (goes_on && fgets(line, sizeof line, connection) != NULL) {
        /* the stream turns from reading to writing: the standard wants a positioning between */
        fseek(connection, 0, SEEK_CUR);
        goes_on = server_answer(server, connection, line);
    }
    pthread_mutex_lock(&server->lock);
    server->fd = -1;
    pthread_mutex_unlock(&server->lock);
    fclose(connection);
}

static void *server_run(void *context)
{
    Server *server = context;
    for (int fd; (fd = accept(server->listen_fd, NULL, NULL)) >= 0;) {
        pthread_mutex_lock(&server->lock);
        server->fd = fd;
        server->connection_count++;
        pthread_mutex_unlock(&server->lock);
        server_serve(server, fd);
    }
    return NULL;
}

static int listen_anywhere(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int server_start(void **state)
{
    Server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server->listen_fd = listen_anywhere(&server->port);
    server->fd = -1;
    server->script = &good_script;
    pthread_mutex_init(&server->lock, NULL);
    assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
    *state = server;
    return 0;
}

static int server_stop(void **state)
{
    Server *server = *state;
    shutdown(server->listen_fd, SHUT_RDWR); /* ends accept */
    pthread_mutex_lock(&server->lock);
    if (server->fd >= 0)
        shutdown(server->fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->thread, NULL);
    close(server->listen_fd);
    pthread_mutex_destroy(&server->lock);
    free(server);
    return 0;
}

static void server_use(Server *server, const Script *script)
{
    pthread_mutex_lock(&server->lock);
    server->script = script;
    pthread_mutex_unlock(&server->lock);
}

static int server_connections(Server *server)
{
    pthread_mutex_lock(&server->lock);
    const int count = server->connection_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

static Smtp *client_open(uint16_t port, const char *login, bool starttls, int timeout_ms)
{
    char url[128];
    Smtp *smtp = NULL;
    Error error = {0};
    snprintf(url, sizeof url, "smtp://%s127.0.0.1:%u", login, port);
    const SmtpSettings settings = {url, starttls, "", timeout_ms};
    if (!smtp_open(&settings, &smtp, &error))
        fail_msg("%s", error.text);
    return smtp;
}

static const char mail_text[] = "Subject: x\r\n\r\nhello\r\n";

static bool client_send(Smtp *smtp, SmtpReply *reply, Error *error)
{
    *error = (Error){0};
    return smtp_send(smtp, "notices@example.org", "person@example.com", mail_text,
                     sizeof mail_text - 1, reply, error);
}

typedef struct Row {
    const char *name;
    Script script;
    ErrorClass class; /* ERROR_NONE: there is a reply */
    SmtpAnswer answer;
    int code;
    const char *login; /* "" or NULL: none */
} Row;

static const Row rows[] = {
    {"a good server", {0}, ERROR_NONE, SMTP_ACCEPTED, 250, NULL},
    {"no EHLO, but HELO", {.ehlo = "502 no"}, ERROR_NONE, SMTP_ACCEPTED, 250, NULL},
    {"closed behind 250", {.close_after_message = true}, ERROR_NONE, SMTP_ACCEPTED, 250, NULL},
    {"sender later", {.mail = "452 full"}, ERROR_NONE, SMTP_TEMPORARY, 452, NULL},
    {"sender never", {.mail = "553 no"}, ERROR_NONE, SMTP_TEMPORARY, 553, NULL},
    {"sender policy", {.mail = "550 no <a@b.c>"}, ERROR_NONE, SMTP_TEMPORARY, 550, NULL},
    {"recipient later", {.rcpt = "451 greylisted"}, ERROR_NONE, SMTP_TEMPORARY, 451, NULL},
    {"recipient never", {.rcpt = "550 unknown"}, ERROR_NONE, SMTP_PERMANENT, 550, NULL},
    {"two lines", {.rcpt = "550-un\r\n550 known"}, ERROR_NONE, SMTP_PERMANENT, 550, NULL},
    {"data later", {.data = "451 busy"}, ERROR_NONE, SMTP_TEMPORARY, 451, NULL},
    {"data never", {.data = "554 no"}, ERROR_NONE, SMTP_PERMANENT, 554, NULL},
    {"message later", {.message = "452 full"}, ERROR_NONE, SMTP_TEMPORARY, 452, NULL},
    {"message never", {.message = "554 spam"}, ERROR_NONE, SMTP_PERMANENT, 554, NULL},
    {"greeting 554", {.greeting = "554 go away"}, ERROR_RETRY, 0, 0, NULL},
    {"greeting 421", {.greeting = "421 busy"}, ERROR_RETRY, 0, 0, NULL},
    {"greeting closed", {.greeting = "close"}, ERROR_RETRY, 0, 0, NULL},
    {"EHLO and HELO refused", {.ehlo = "502 no", .helo = "550 no"}, ERROR_RETRY, 0, 0, NULL},
    {"EHLO 421", {.ehlo = "421 bye", .helo = "421 bye"}, ERROR_RETRY, 0, 0, NULL},
    {"sender 421", {.mail = "421 bye"}, ERROR_RETRY, 0, 0, NULL},
    {"recipient 421", {.rcpt = "421 bye <ann@contoso.example>"}, ERROR_RETRY, 0, 0, NULL},
    {"message 421", {.message = "421 bye"}, ERROR_RETRY, 0, 0, NULL},
    {"closed at recipient", {.rcpt = "close"}, ERROR_RETRY, 0, 0, NULL},
    {"closed behind the dot", {.message = "close"}, ERROR_RETRY, 0, 0, NULL},
    {"login wanted", {.mail = "530 log in first"}, ERROR_FATAL, 0, 0, NULL},
    {"login", {.offer_auth = true}, ERROR_NONE, SMTP_ACCEPTED, 250, "u:p@"},
    {"login refused", {.offer_auth = true, .auth = "535 no"}, ERROR_FATAL, 0, 0, "u:p@"},
    {"login later", {.offer_auth = true, .auth = "454 later"}, ERROR_RETRY, 0, 0, "u:p@"},
};

static void each_answer_has_its_outcome(void **state)
{
    Server *server = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Row *row = &rows[i];
        SmtpReply reply = {0};
        Error error;
        server_use(server, &row->script);
        Smtp *smtp =
            client_open(server->port, row->login == NULL ? "" : row->login, false, PATIENCE_MS);
        const bool replied = client_send(smtp, &reply, &error);
        smtp_release(&smtp);
        if (error.class != row->class || replied != (row->class == ERROR_NONE))
            fail_msg("%s: class %d, %s; reply %d %s", row->name, error.class, error.text,
                     reply.code, reply.text);
        if (!replied && strchr(error.text, '@') != NULL)
            fail_msg("%s: an address for the log: %s", row->name, error.text);
        if (replied && (reply.answer != row->answer || reply.code != row->code ||
                        reply.about_sender != (row->script.mail != NULL && row->code >= 500) ||
                        strchr(reply.text, '@') != NULL))
            fail_msg("%s: answer %d, %s", row->name, reply.answer, reply.text);
    }
}

static void silence_is_a_time_out(void **state)
{
    static const Script stalls[] = {
        {.greeting = "stall"}, {.rcpt = "stall"}, {.data = "stall"}, {.message = "stall"}};
    Server *server = *state;
    for (size_t i = 0; i < sizeof stalls / sizeof stalls[0]; i++) {
        SmtpReply reply;
        Error error;
        server_use(server, &stalls[i]);
        Smtp *smtp = client_open(server->port, "", false, STALL_MS);
        assert_false(client_send(smtp, &reply, &error));
        assert_int_equal(error.class, ERROR_RETRY);
        smtp_release(&smtp);
    }
}

static void tls_that_is_wanted_and_missing_is_fatal(void **state)
{
    Server *server = *state;
    SmtpReply reply;
    Error error;
    Smtp *smtp = client_open(server->port, "", true, PATIENCE_MS);
    assert_false(client_send(smtp, &reply, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    smtp_release(&smtp);
}

static void nobody_listening_is_retry(void **state)
{
    (void)state;
    uint16_t port;
    SmtpReply reply;
    Error error;
    close(listen_anywhere(&port));
    Smtp *smtp = client_open(port, "", false, PATIENCE_MS);
    assert_false(client_send(smtp, &reply, &error));
    assert_int_equal(error.class, ERROR_RETRY);
    smtp_release(&smtp);
}

static void expect_answer(Smtp *smtp, SmtpAnswer answer)
{
    SmtpReply reply;
    Error error;
    if (!client_send(smtp, &reply, &error))
        fail_msg("%s", error.text);
    assert_int_equal(reply.answer, answer);
}

/* A connection serves many messages; libcurl closes it after a refusal, and after the server
 * did so the next message finds its way through a new one. */
static void a_connection_is_used_again(void **state)
{
    static const Script refuse = {.rcpt = "550 unknown"}, leave = {.close_after_message = true};
    Server *server = *state;
    Smtp *smtp = client_open(server->port, "", false, PATIENCE_MS);
    for (int i = 0; i < 5; i++)
        expect_answer(smtp, SMTP_ACCEPTED);
    assert_int_equal(server_connections(server), 1);

    server_use(server, &refuse);
    expect_answer(smtp, SMTP_PERMANENT);
    assert_int_equal(server_connections(server), 1);
    server_use(server, &leave);
    expect_answer(smtp, SMTP_ACCEPTED);
    assert_int_equal(server_connections(server), 2);

    server_use(server, &good_script);
    expect_answer(smtp, SMTP_ACCEPTED);
    expect_answer(smtp, SMTP_ACCEPTED);
    assert_int_equal(server_connections(server), 3);
    smtp_release(&smtp);
}

static void dots_are_doubled(void **state)
{
    static const char text[] = ".first\r\n\r\n.\r\n..two\r\nlast\r\n";
    static const char sent[] = "..first\r\n\r\n..\r\n...two\r\nlast\r\n";
    Server *server = *state;
    SmtpReply reply;
    Error error = {0};
    Smtp *smtp = client_open(server->port, "", false, PATIENCE_MS);
    assert_true(
        smtp_send(smtp, "a@example.org", "b@example.com", text, sizeof text - 1, &reply, &error));
    smtp_release(&smtp);
    assert_int_equal(reply.answer, SMTP_ACCEPTED);
    assert_string_equal(server->message, sent);
}

static void bad_addresses_and_messages_are_not_sent(void **state)
{
    char long_address[SMTP_ADDRESS_SIZE_MAX + 2];
    memset(long_address, 'a', sizeof long_address - 1);
    long_address[sizeof long_address - 1] = '\0';
    long_address[9] = '@';
    const struct {
        const char *to, *message;
    } refused[] = {
        {"a@b\r\nRCPT TO:<c@d>", "x\r\n"},
        {"a@b\n", "x\r\n"},
        {"a b@c", "x\r\n"},
        {"<a@b>", "x\r\n"},
        {"a@b>", "x\r\n"},
        {"a@b\x7f", "x\r\n"},
        {"\xc3\xa9@b", "x\r\n"},
        {"", "x\r\n"},
        {"a", "x\r\n"},
        {"@b", "x\r\n"},
        {"a@", "x\r\n"},
        {long_address, "x\r\n"},
        {"a@b", "x\n.\r\nMAIL\r\n"},
        {"a@b", "x\r.\r\n"},
        {"a@b", "x\r"},
        {"a@b", ""},
    };
    Server *server = *state;
    Smtp *smtp = client_open(server->port, "", false, PATIENCE_MS);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        SmtpReply reply = {0};
        Error error = {0};
        assert_true(smtp_send(smtp, "a@example.org", refused[i].to, refused[i].message,
                              strlen(refused[i].message), &reply, &error));
        assert_int_equal(reply.answer, SMTP_PERMANENT);
        assert_int_equal(reply.code, 0);
        assert_int_equal(strncmp(reply.text, "not sent: ", 10), 0);
    }
    SmtpReply reply;
    Error error = {0};
    assert_false(smtp_send(smtp, "a@b\r\nDATA", "c@d", "x\r\n", 3, &reply, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    smtp_release(&smtp);
    assert_int_equal(server_connections(server), 0);
}

static void other_urls_are_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "http://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1",
        "smtp://user:MARK/ER@127.0.0.1",
        "smtp://user:MARK@ER@127.0.0.1 25",
        "smtp://user:password@mail.example", /* in clear, over a wire */
        "smtp://user:password@127.example",
        "smtp://user:password@10.0.0.1:25",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        Smtp *smtp = NULL;
        Error error = {0};
        assert_false(smtp_open(&(SmtpSettings){urls[i], false, "", 1000}, &smtp, &error));
        assert_int_equal(error.class, ERROR_FATAL);
        assert_null(smtp);
        assert_null(strstr(error.text, "MARK")); /* what the URL says stays its own */
    }
}

static void what_is_safe_for_a_password_is_taken(void **state)
{
    (void)state;
    static const SmtpSettings safe[] = {
        {"smtps://user:password@mail.example", false, "", 1000},
        {"smtp://user:password@mail.example", true, "", 1000},
        {"smtp://user:password@127.0.0.1:25", false, "", 1000},
        {"smtp://user:password@localhost", false, "", 1000},
        {"smtp://user:password@[::1]:25", false, "", 1000},
        {"smtp://mail.example", false, "", 1000},
    };
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++) {
        Smtp *smtp = NULL;
        Error error = {0};
        if (!smtp_open(&safe[i], &smtp, &error))
            fail_msg("%s: %s", safe[i].url, error.text);
        smtp_release(&smtp);
    }
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, server_start, server_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(each_answer_has_its_outcome),
        WITH_SERVER(silence_is_a_time_out),
        WITH_SERVER(tls_that_is_wanted_and_missing_is_fatal),
        cmocka_unit_test(nobody_listening_is_retry),
        WITH_SERVER(a_connection_is_used_again),
        WITH_SERVER(dots_are_doubled),
        WITH_SERVER(bad_addresses_and_messages_are_not_sent),
        cmocka_unit_test(other_urls_are_refused),
        cmocka_unit_test(what_is_safe_for_a_password_is_taken),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
