/* http.c - the adapter of libmicrohttpd: one thread that polls, so handlers never run at once. */
#include "http.h"

#include "http_form.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTION_COUNT_MAX = 64, CONNECTION_TIMEOUT_S = 10, CONNECTION_MEMORY_SIZE = 32 * 1024 };

struct HttpServer {
    struct MHD_Daemon *daemon; /* owned; owns the listening socket, too */
    uint16_t port;
    size_t route_count;
    HttpRoute routes[HTTP_ROUTE_COUNT_MAX];
};

/* One request on its way in: made at its first call-back, freed when it is over. */
typedef struct Exchange {
    struct MHD_Connection *connection;
    size_t body_size;
    char body[HTTP_BODY_SIZE_MAX + 1];
    HttpForm form;
} Exchange;

static const char *const security_headers[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
     "frame-ancestors 'none'; base-uri 'none'"},
};

void http_respond(HttpResponse *ret_response, int status, const char *content_type,
                  const char *format, ...)
{
    char *body = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int size = vasprintf(&body, format, arguments);
    va_end(arguments);
    *ret_response = (HttpResponse){.status = 500, .content_type = "text/plain"};
    if (size < 0) /* out of memory: an empty 500 */
        return;
    ret_response->status = status;
    ret_response->content_type = content_type;
    ret_response->body = body;
    ret_response->body_size = (size_t)size;
}

/* Takes response->body. */
static enum MHD_Result response_send(struct MHD_Connection *connection,
                                     const HttpResponse *response, const char *allow)
{
    struct MHD_Response *message = MHD_create_response_from_buffer(
        response->body == NULL ? 0 : response->body_size, response->body, MHD_RESPMEM_MUST_FREE);
    if (message == NULL) {
        free(response->body);
        return MHD_NO;
    }
    const size_t count = sizeof security_headers / sizeof security_headers[0];
    for (size_t i = 0; i < count; i++)
        MHD_add_response_header(message, security_headers[i][0], security_headers[i][1]);
    if (response->content_type != NULL)
        MHD_add_response_header(message, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    if (allow != NULL)
        MHD_add_response_header(message, MHD_HTTP_HEADER_ALLOW, allow);
    const enum MHD_Result queued =
        MHD_queue_response(connection, (unsigned)response->status, message);
    MHD_destroy_response(message);
    return queued;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *text,
                              const char *allow)
{
    HttpResponse response;
    http_respond(&response, status, "text/plain; charset=utf-8", "%s\n", text);
    return response_send(connection, &response, allow);
}

static const char *exchange_parameter(const HttpRequest *request, const char *name)
{
    const Exchange *exchange = request->opaque;
    const char *value = http_form_value(&exchange->form, name);
    if (value == NULL)
        value = MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
    return value;
}

typedef struct QueryCheck {
    size_t size;
    bool has_nul; /* in a decoded name or value: text behind it would be unseen by handlers */
} QueryCheck;

static enum MHD_Result query_check_one(void *context, enum MHD_ValueKind kind, const char *name,
                                       size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    QueryCheck *check = context;
    check->size += name_size + value_size + 2;
    if (strlen(name) != name_size || (value != NULL && strlen(value) != value_size))
        check->has_nul = true;
    return MHD_YES;
}

/* Status of a request that no handler shall see, or 0. */
static int exchange_check(Exchange *exchange, const char *content_type)
{
    QueryCheck check = {0};
    MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND, query_check_one,
                                &check);
    if (check.size > HTTP_QUERY_SIZE_MAX)
        return MHD_HTTP_URI_TOO_LONG;
    static const char form_type[] = "application/x-www-form-urlencoded";
    const bool is_form = strncasecmp(content_type, form_type, sizeof form_type - 1) == 0;
    const bool form_fits =
        !is_form || http_form_parse(exchange->body, exchange->body_size, &exchange->form);
    return check.has_nul || !form_fits ? MHD_HTTP_BAD_REQUEST : 0;
}

static enum MHD_Result exchange_handle(Exchange *exchange, const HttpRoute *route,
                                       const char *method, const char *path)
{
    const char *content_type = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                           MHD_HTTP_HEADER_CONTENT_TYPE);
    HttpRequest request = {
        .method = method,
        .path = path,
        .content_type = content_type == NULL ? "" : content_type,
        .body = exchange->body,
        .body_size = exchange->body_size,
        .parameter = exchange_parameter,
        .opaque = exchange,
    };
    const int status = exchange_check(exchange, request.content_type);
    if (status != 0)
        return refuse(exchange->connection, status, "bad request", NULL);
    const char *token = exchange_parameter(&request, "token");
    request.token = token == NULL ? "" : token;
    HttpResponse response = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR};
    route->handler(&request, &response, route->context);
    return response_send(exchange->connection, &response, NULL);
}

static enum MHD_Result exchange_route(const HttpServer *server, Exchange *exchange,
                                      const char *method, const char *path)
{
    const bool is_head = strcmp(method, "HEAD") == 0;
    const char *allow = NULL;
    for (size_t i = 0; i < server->route_count; i++) {
        const HttpRoute *route = &server->routes[i];
        if (strcmp(route->path, path) != 0)
            continue;
        if (strcmp(route->method, is_head ? "GET" : method) == 0)
            return exchange_handle(exchange, route, method, path);
        if (allow != NULL)
            allow = "GET, HEAD, POST";
        else
            allow = strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method;
    }
    if (allow != NULL)
        return refuse(exchange->connection, MHD_HTTP_METHOD_NOT_ALLOWED, "wrong method", allow);
    return refuse(exchange->connection, MHD_HTTP_NOT_FOUND, "not found", NULL);
}

/* The announced length decides before a byte of the body is read. */
static bool body_is_too_long(struct MHD_Connection *connection)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text != NULL && strtoull(text, NULL, 10) > HTTP_BODY_SIZE_MAX;
}

static enum MHD_Result exchange_begin(struct MHD_Connection *connection, void **exchange)
{
    if (body_is_too_long(connection))
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "body too long", NULL);
    Exchange *made = calloc(1, sizeof *made);
    if (made == NULL)
        return MHD_NO;
    made->connection = connection;
    *exchange = made;
    return MHD_YES;
}

/* libmicrohttpd calls it once with the headers, then per piece of body, then once at the end. */
static enum MHD_Result server_receive(void *context, struct MHD_Connection *connection,
                                      const char *path, const char *method, const char *version,
                                      const char *upload, size_t *upload_size, void **state)
{
    (void)version;
    if (*state == NULL)
        return exchange_begin(connection, state);
    Exchange *exchange = *state;
    if (*upload_size == 0)
        return exchange_route(context, exchange, method, path);
    if (*upload_size > HTTP_BODY_SIZE_MAX - exchange->body_size)
        return MHD_NO; /* a chunked body grew too long: an answer is not possible here */
    memcpy(exchange->body + exchange->body_size, upload, *upload_size);
    exchange->body_size += *upload_size;
    *upload_size = 0;
    return MHD_YES;
}

static void server_complete(void *context, struct MHD_Connection *connection, void **state,
                            enum MHD_RequestTerminationCode reason)
{
    (void)context;
    (void)connection;
    (void)reason;
    free(*state);
    *state = NULL;
}

static bool socket_listen(const struct addrinfo *info, int *ret_socket, uint16_t *ret_port)
{
    const int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    const int on = 1;
    struct sockaddr_storage bound = {0};
    socklen_t bound_size = sizeof bound;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, CONNECTION_COUNT_MAX) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_size) != 0) {
        const int cause = errno;
        close(fd);
        errno = cause;
        return false;
    }
    *ret_socket = fd;
    *ret_port = ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&bound)->sin6_port
                                                  : ((const struct sockaddr_in *)&bound)->sin_port);
    return true;
}

/* The thread takes no signals: they are the loop's, and must interrupt the loop's waits. */
static struct MHD_Daemon *daemon_start(HttpServer *server, int fd)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, server_receive, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_COUNT_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_SIZE,
        MHD_OPTION_NOTIFY_COMPLETED, server_complete, NULL, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

/* Our own socket instead of the library's: only so the cause of a failure is known exactly. */
static bool server_listen(HttpServer *server, const char *address, uint16_t port, Error *reterr)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *info = NULL;
    const int failure = getaddrinfo(address, service, &hints, &info);
    if (failure != 0)
        return error_set(reterr, ERROR_FATAL, "listen on \"%.60s\": %s (give a numeric address)",
                         address, gai_strerror(failure));
    int fd = -1;
    const bool listens = socket_listen(info, &fd, &server->port);
    freeaddrinfo(info);
    if (!listens)
        return error_set(reterr, ERROR_FATAL, "listen on %.60s port %u: %s", address, port,
                         strerror(errno));
    server->daemon = daemon_start(server, fd);
    if (server->daemon == NULL)
        return error_set(reterr, ERROR_FATAL, "listen on %.60s port %u: cannot start a thread",
                         address, port);
    return true;
}

bool http_open(const char *address, uint16_t port, const HttpRoute *routes, HttpServer **ret_server,
               Error *reterr)
{
    HttpServer *server = calloc(1, sizeof *server);
    if (server == NULL)
        return error_set(reterr, ERROR_FATAL, "listen: out of memory");
    for (; routes->path != NULL; routes++) {
        if (server->route_count == HTTP_ROUTE_COUNT_MAX) {
            http_release(&server);
            return error_set(reterr, ERROR_FATAL, "listen: more than %d routes",
                             HTTP_ROUTE_COUNT_MAX);
        }
        server->routes[server->route_count++] = *routes;
    }
    if (!server_listen(server, address, port, reterr)) {
        http_release(&server);
        return false;
    }
    *ret_server = server;
    return true;
}

uint16_t http_port(const HttpServer *server)
{
    return server->port;
}

void http_release(HttpServer **server)
{
    if (*server == NULL)
        return;
    if ((*server)->daemon != NULL)
        MHD_stop_daemon((*server)->daemon);
    free(*server);
    *server = NULL;
}
