/* test_http.c - the HTTP server over real sockets, with libcurl and with raw bytes. */
#include "runtime/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
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

enum { PATIENCE_S = 20, ANSWER_SIZE = 8192 };

/* Says back what it got. */
static void echo(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    const char *name = request->parameter(request, "name");
    http_respond(ret_response, 200, "text/plain", "%s %s %s token=%s name=%s size=%zu",
                 (const char *)context, request->method, request->path, request->token,
                 name == NULL ? "(none)" : name, request->body_size);
}

static void say_nothing(const HttpRequest *request, HttpResponse *ret_response, void *context)
{
    (void)request;
    (void)context;
    *ret_response = (HttpResponse){.status = 204};
}

static const HttpRoute routes[] = {
    {"GET", "/form", echo, "got"},        {"POST", "/form", echo, "took"},
    {"GET", "/page", echo, "page"},       {"POST", "/post", echo, "post"},
    {"GET", "/empty", say_nothing, NULL}, {0},
};

static int server_begin(void **state)
{
    HttpServer *server = NULL;
    Error error = {0};
    if (!http_open("127.0.0.1", 0, routes, &server, &error))
        fail_msg("%s", error.text);
    *state = server;
    return 0;
}

static int server_end(void **state)
{
    http_release((HttpServer **)state);
    return 0;
}

typedef struct Answer {
    long status;
    size_t size;
    char text[ANSWER_SIZE];
} Answer;

static size_t answer_add(char *data, size_t size, size_t count, void *context)
{
    Answer *answer = context;
    if (size * count > sizeof answer->text - 1 - answer->size)
        return 0;
    memcpy(answer->text + answer->size, data, size * count);
    answer->size += size * count;
    answer->text[answer->size] = '\0';
    return size * count;
}

/* body NULL: method alone. A status of 0: the server closed without an answer. */
static Answer ask(HttpServer *server, const char *method, const char *path, const char *body,
                  size_t body_size, const char *header)
{
    char url[4096];
    Answer answer = {0};
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CURL *curl = curl_easy_init();
    assert_non_null(curl);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", http_port(server), path);
    if (header != NULL)
        headers = curl_slist_append(headers, header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE_S);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_add);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADER, 1L);
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (body != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body_size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return answer;
}

static Answer get(HttpServer *server, const char *path)
{
    return ask(server, "GET", path, NULL, 0, NULL);
}

static Answer post(HttpServer *server, const char *path, const char *body)
{
    return ask(server, "POST", path, body, strlen(body), NULL);
}

static void expect_part(const Answer *answer, const char *part)
{
    if (strstr(answer->text, part) == NULL)
        fail_msg("status %ld, no %s in:\n%s", answer->status, part, answer->text);
}

static void routes_are_found(void **state)
{
    static const struct {
        const char *method, *path;
        long status;
        const char *part;
    } rows[] = {
        {"GET", "/page", 200, "page GET /page token= name=(none) size=0"},
        {"GET", "/p%61ge", 200, "page GET /page "},
        {"GET", "/empty", 204, ""},
        {"GET", "/", 404, "not found"},
        {"GET", "/page/", 404, "not found"},
        {"GET", "/pag", 404, "not found"},
        {"POST", "/page", 405, "Allow: GET, HEAD\r\n"},
        {"GET", "/post", 405, "Allow: POST\r\n"},
        {"HEAD", "/post", 405, "Allow: POST\r\n"},
        {"DELETE", "/form", 405, "Allow: GET, HEAD, POST\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Answer answer = ask(*state, rows[i].method, rows[i].path, NULL, 0, NULL);
        if (answer.status != rows[i].status)
            fail_msg("%s %s: %ld", rows[i].method, rows[i].path, answer.status);
        expect_part(&answer, rows[i].part);
    }
}

static void head_is_get_without_a_body(void **state)
{
    const Answer answer = ask(*state, "HEAD", "/page", NULL, 0, NULL);
    assert_int_equal(answer.status, 200);
    expect_part(&answer, "Content-Length: ");
    assert_null(strstr(answer.text, "token="));
}

static void every_answer_is_guarded(void **state)
{
    static const char *const paths[] = {"/page", "/empty", "/nowhere", "/post", "/page?a=%00"};
    static const char *const headers[] = {
        "Cache-Control: no-store\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: no-referrer\r\n",
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'\r\n",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const Answer answer = get(*state, paths[i]);
        for (size_t j = 0; j < sizeof headers / sizeof headers[0]; j++)
            expect_part(&answer, headers[j]);
    }
}

static void parameters_are_decoded(void **state)
{
    static const struct {
        const char *path, *body; /* NULL: GET */
        const char *part;
    } rows[] = {
        {"/form?token=a%2Bb&name=x+y%20z", NULL, "token=a+b name=x y z size=0"},
        {"/form?token", NULL, "token= name=(none)"},
        {"/form?name=", NULL, "token= name= size=0"},
        {"/form?other=1&name=n", NULL, "token= name=n size=0"},
        {"/form", "token=t%26u&name=a+b", "token=t&u name=a b size=20"},
        {"/form", "&&name=1&name=2&", "name=1 "},
        {"/form", "name", "name= size=4"},
        {"/form", "n%61me=x=y", "name=x=y "},
        {"/form?token=q&name=query", "name=body", "token=q name=body "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Answer answer = rows[i].body == NULL ? get(*state, rows[i].path)
                                                   : post(*state, rows[i].path, rows[i].body);
        assert_int_equal(answer.status, 200);
        expect_part(&answer, rows[i].part);
    }
}

static void a_body_that_is_no_form_has_no_fields(void **state)
{
    const Answer answer =
        ask(*state, "POST", "/form", "name=x", 6, "Content-Type: application/json");
    assert_int_equal(answer.status, 200);
    expect_part(&answer, "name=(none) size=6");
}

static void bad_requests_are_refused(void **state)
{
    char query[HTTP_QUERY_SIZE_MAX + 32] = "/form?name=", many[400] = "";
    memset(query + strlen(query), 'q', HTTP_QUERY_SIZE_MAX);
    for (int i = 0; i < 40; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "a%d=1&", i);
    assert_int_equal(get(*state, query).status, 414);
    assert_int_equal(get(*state, "/form?name=a%00b").status, 400);
    assert_int_equal(get(*state, "/form?na%00me=a").status, 400);
    assert_int_equal(post(*state, "/form", "name=a%00b").status, 400);
    assert_int_equal(ask(*state, "POST", "/form", "name=a\0b", 8, NULL).status, 400);
    assert_int_equal(post(*state, "/form", many).status, 400);
}

static void bodies_have_a_limit(void **state)
{
    static char body[HTTP_BODY_SIZE_MAX + 1];
    static const char chunked[] = "Transfer-Encoding: chunked";
    memset(body, 'b', sizeof body);
    const size_t fits = HTTP_BODY_SIZE_MAX;
    assert_int_equal(ask(*state, "POST", "/post", body, fits, NULL).status, 200);
    assert_int_equal(ask(*state, "POST", "/post", body, fits + 1, NULL).status, 413);
    assert_int_equal(ask(*state, "POST", "/nowhere", body, fits + 1, NULL).status, 413);
    assert_int_equal(ask(*state, "POST", "/post", body, fits, chunked).status, 200);
    assert_int_equal(ask(*state, "POST", "/post", body, fits + 1, chunked).status, 0);
    assert_int_equal(get(*state, "/page").status, 200);
}

static int raw_connect(HttpServer *server)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(http_port(server)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Whatever comes in, the server answers or closes, and serves the next one. */
static void odd_bytes_do_no_harm(void **state)
{
    static const char *const rows[] = {
        "\r\n\r\nGARBAGE\r\n\r\n",
        "GARBAGE\r\n\r\n",
        "GET /page HTTP/9.9\r\n\r\n",
        "GET /page HTTP/1.1\r\n\r\n",
        "GET %00%ff?%=%&&=;%zz HTTP/1.0\r\n\r\n",
        "POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nabc",
        "POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /post HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[1024];
        const int fd = raw_connect(*state);
        assert_int_equal(send(fd, rows[i], strlen(rows[i]), MSG_NOSIGNAL), strlen(rows[i]));
        shutdown(fd, SHUT_WR);
        if (recv(fd, bytes, sizeof bytes, 0) < 0) /* an answer or the end, not a time-out */
            fail_msg("no answer to %s", rows[i]);
        close(fd);
        assert_int_equal(get(*state, "/page").status, 200);
    }
}

/* Idle connections above the limit wait or are closed; when they are gone, the server serves. */
static void many_connections_do_no_harm(void **state)
{
    int fds[100];
    for (size_t i = 0; i < 100; i++)
        fds[i] = raw_connect(*state);
    for (size_t i = 0; i < 100; i++)
        close(fds[i]);
    assert_int_equal(get(*state, "/page").status, 200);
}

static void what_cannot_listen_is_fatal(void **state)
{
    HttpRoute many[HTTP_ROUTE_COUNT_MAX + 2] = {{0}};
    HttpServer *second = NULL;
    Error error = {0};
    const uint16_t port = http_port(*state);
    assert_false(http_open("127.0.0.1", port, routes, &second, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_false(http_open("localhost.invalid", 0, routes, &second, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    for (size_t i = 0; i <= HTTP_ROUTE_COUNT_MAX; i++)
        many[i] = routes[0];
    assert_false(http_open("127.0.0.1", 0, many, &second, &error));
    assert_int_equal(error.class, ERROR_FATAL);
    assert_null(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_begin, server_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(routes_are_found),
        TEST(head_is_get_without_a_body),
        TEST(every_answer_is_guarded),
        TEST(parameters_are_decoded),
        TEST(a_body_that_is_no_form_has_no_fields),
        TEST(bad_requests_are_refused),
        TEST(bodies_have_a_limit),
        TEST(odd_bytes_do_no_harm),
        TEST(many_connections_do_no_harm),
        TEST(what_cannot_listen_is_fatal),
    };
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const int failed_count = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed_count;
}
